"""S3 and compatible stores: signed upload forms, and the check of uploaded files."""

from petrec.api.host.storage.credentials import Credentials, from_environment
from petrec.api.host.storage.place import BucketAddress
from petrec.api.host.storage.store import S3Store

__all__ = ["BucketAddress", "Credentials", "S3Store", "from_environment"]
