"""The bucket of the recordings: its address, its keys, and what is signed with them."""

from petrec.storage.bucket import Bucket, open_bucket
from petrec.storage.credentials import Credentials, from_environment
from petrec.storage.place import BucketAddress

__all__ = ["Bucket", "BucketAddress", "Credentials", "from_environment", "open_bucket"]
