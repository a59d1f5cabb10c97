"""A webhook of the settings, and how an event for it is signed: Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from petrec.errors import SettingsError
from petrec.settings import Settings

_PREFIX = "whsec_"
# The HTTP client would encode, refuse or drop other characters.
_URL = re.compile(r"[!-~]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Webhook:
    """Where events are sent, and the secrets they are signed with: the new one first."""

    name: str
    # Its query may hold a key.
    url: SplitResult = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)

    def headers(self, event_id: str, body: str, now: datetime) -> dict[str, str]:
        """Return the headers of one attempt; its time is signed, so that it cannot be replayed."""
        stamp = str(int(now.timestamp()))
        signed = f"{event_id}.{stamp}.{body}".encode()
        marks = (hmac.digest(secret, signed, "sha256") for secret in self.secrets)
        return {
            "content-type": "application/json",
            "user-agent": "petrec",
            "webhook-id": event_id,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(m).decode()}" for m in marks),
        }


def open_webhooks(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> tuple[Webhook, ...]:
    """Return the webhooks of the settings; errors: SettingsError."""
    return tuple(
        Webhook(name, _url(name, each.url), _secrets(name, each.secret, environment))
        for name, each in settings.serve.webhooks.items()
    )


def _url(name: str, text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        is_valid = bool(_URL.fullmatch(text)) and url.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise SettingsError(f"the URL of webhook {name!r} is not valid")
    local = url.scheme == "http" and url.hostname in _LOCAL
    if not url.hostname or not (url.scheme == "https" or local):
        raise SettingsError(f"the URL of webhook {name!r} is not https")
    if url.username or url.password:
        raise SettingsError(f"the URL of webhook {name!r} has a password: sign with its secret")
    return url


def _secrets(name: str, variable: str, environment: Mapping[str, str]) -> tuple[bytes, ...]:
    if not _VARIABLE.fullmatch(variable) or variable.startswith(_PREFIX):
        # It may be the secret itself.
        raise SettingsError(
            f"secret of webhook {name!r} must be the name of an environment variable"
        )
    texts = environment.get(variable, "").split()
    try:
        found = tuple(base64.b64decode(text.removeprefix(_PREFIX), validate=True) for text in texts)
    except (binascii.Error, ValueError):
        found = ()
    if not found or not all(24 <= len(secret) <= 64 for secret in found):
        raise SettingsError(
            f"there is no valid secret for webhook {name!r}",
            # The name is not repeated: it may be the secret itself.
            hint=f"set the variable that `secret` under [serve.webhooks.{name}] names to whsec_ "
            "and the base64 of 24 to 64 random bytes",
        )
    return found
