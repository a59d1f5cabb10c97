"""S3 and what speaks its protocol: signed upload forms and the check of what arrived."""

from petrec.api.host.storage.credentials import Credentials, from_environment
from petrec.api.host.storage.place import Place
from petrec.api.host.storage.store import S3Store

__all__ = ["Credentials", "Place", "S3Store", "from_environment"]
