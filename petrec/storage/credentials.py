"""Keys for the store: from the environment, or from a role with the extra `petrec[aws]`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from petrec.errors import SettingsError, StorageUnavailableError
from petrec.extras import need_extra


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
            "there are no keys for the object store",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    return Credentials(access, secret, environment.get("AWS_SESSION_TOKEN") or None)


def from_role(profile: str | None = None) -> Provider:
    """Return a provider that boto3 renews; errors: SettingsError where there are no keys."""
    need_extra("keys of a role", "aws", "boto3")
    import boto3  # noqa: PLC0415 an extra
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 an extra

    found = boto3.Session(profile_name=profile).get_credentials()
    if found is None:
        raise SettingsError("boto3 finds no keys", hint="see boto3's guide to credentials")

    def provide() -> Credentials:
        try:
            frozen = found.get_frozen_credentials()
        except BotoCoreError as error:
            raise StorageUnavailableError("could not renew the role's keys") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    return provide
