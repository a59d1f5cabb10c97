"""Keys by boto3's chain: profiles, instance and container roles, web identities."""

from petrec.api.host.storage.credentials import Credentials, Provider
from petrec.errors import SettingsError, StorageUnavailableError
from petrec.extras import need_extra


def from_role(profile: str | None = None) -> Provider:
    """Return a provider that boto3 renews; errors: SettingsError where there are no keys."""
    need_extra("a role's keys", "aws", "boto3")
    import boto3  # noqa: PLC0415 an extra
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 an extra

    found = boto3.Session(profile_name=profile).get_credentials()
    if found is None:
        raise SettingsError("boto3 finds no keys", hint="see boto3's guide to credentials")

    def provide() -> Credentials:
        try:
            frozen = found.get_frozen_credentials()
        except BotoCoreError as error:
            raise StorageUnavailableError("the role's keys could not be renewed") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    return provide
