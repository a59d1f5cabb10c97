"""Keys to the store: from the environment here, from a role by the extra `petrec[aws]`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from petrec.errors import SettingsError


@dataclass(frozen=True)
class Credentials:
    """An access key; its secrets stay out of every representation."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


# Asked before each signature, since a role's keys change while a process runs.
Provider = Callable[[], Credentials]


def from_environment(environment: Mapping[str, str] = os.environ) -> Credentials:
    """Read AWS_ACCESS_KEY_ID and its companions; errors: SettingsError."""
    access, secret = (
        environment.get(f"AWS_{n}", "") for n in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    )
    if not access or not secret:
        raise SettingsError(
            "no keys to the object store",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    return Credentials(access, secret, environment.get("AWS_SESSION_TOKEN") or None)
