"""Verification of a token: signature, audience, issuer and times. Tokens are never logged."""

from dataclasses import dataclass
from typing import Any

import jwt

from petrec.api.host.auth.keys import SHARED, KeySource
from petrec.api.http.errors import invalid_token
from petrec.errors import SettingsError

_KNOWN = SHARED | {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
_KNOWN |= {"ES256", "ES384", "ES512", "EdDSA"}
_LONGEST = 8192


@dataclass(frozen=True)
class Rules:
    """What a token must satisfy; the leeway, in seconds, is for clocks that differ."""

    algorithms: tuple[str, ...]
    audience: str
    issuer: str | None = None
    leeway_s: int = 30

    def __post_init__(self) -> None:
        names = frozenset(self.algorithms)
        if not names or not names <= _KNOWN:
            raise SettingsError("unknown algorithm", hint=f"one of: {', '.join(sorted(_KNOWN))}")
        if names & SHARED and names - SHARED:
            raise SettingsError("one host cannot use both shared and public keys")
        if not self.audience:
            raise SettingsError("the tokens' audience is not set")


class Verifier:
    """Turns a token into its claims, or refuses it."""

    def __init__(self, rules: Rules, keys: KeySource) -> None:
        self.rules = rules
        self.keys = keys

    def claims(self, token: str) -> dict[str, Any]:
        """Return the verified claims; errors: ApiError 401, the same for every cause."""
        if len(token) > _LONGEST:
            raise invalid_token()
        try:
            return self._decode(token)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            raise invalid_token() from None

    def _decode(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self.rules.algorithms:
            raise jwt.InvalidAlgorithmError
        key = self.keys.find(algorithm, kid)
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], audience=self.rules.audience,
            issuer=self.rules.issuer, leeway=self.rules.leeway_s,
            options={"require": ["exp", "sub", "aud"]},
        )  # fmt: skip
        return claims
