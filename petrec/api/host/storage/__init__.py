"""S3 and what speaks its protocol: signed upload forms and the check of what arrived."""

from petrec.api.host.storage.credentials import Credentials, from_environment
from petrec.api.host.storage.place import BucketAddress
from petrec.api.host.storage.store import S3Store

__all__ = ["BucketAddress", "Credentials", "S3Store", "from_environment"]
