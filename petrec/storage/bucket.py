"""A bucket as the settings name it, with the keys to it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from petrec.errors import SettingsError
from petrec.settings import StoreSettings
from petrec.storage.credentials import Provider, from_environment, from_role
from petrec.storage.place import BucketAddress


@dataclass(frozen=True)
class Bucket:
    """Where objects are, and the keys that requests for them are signed with."""

    place: BucketAddress
    credentials: Provider = field(repr=False)


def open_bucket(store: StoreSettings, environment: Mapping[str, str] = os.environ) -> Bucket:
    """Return the configured bucket without a request to it; errors: SettingsError."""
    if not store.bucket:
        raise SettingsError(
            "no bucket is configured", hint="set bucket under [serve.store] in petrec.toml"
        )
    place = BucketAddress(store.bucket, store.region, store.endpoint, store.path_style)
    if store.keys == "role":
        return Bucket(place, from_role())
    keys = from_environment(environment)
    return Bucket(place, lambda: keys)
