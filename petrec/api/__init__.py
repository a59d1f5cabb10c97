"""The same rules in the endpoints that the app calls, for a host application to mount."""

try:
    import fastapi  # noqa: F401
except ImportError as error:
    raise ImportError("petrec.api needs FastAPI: pip install 'petrec[api]'") from error

from typing import TYPE_CHECKING, Any

from petrec.api.access import AccessPolicy, ClinicPolicy, Scope
from petrec.api.http.errors import ApiError
from petrec.api.http.rate_limit import RateLimit
from petrec.api.http.request_ids import RequestIds
from petrec.api.options import IdStyle, Options, Uploaded
from petrec.api.ports import Actor, ObjectStore, PresignedGet, PresignedPost
from petrec.api.router import build_router
from petrec.settings import Mapping
from petrec.storage.objects import StoredObject

if TYPE_CHECKING:
    from petrec.api.host.document import add_document
    from petrec.api.host.store import S3Store
    from petrec.api.host.telemetry import instrument
    from petrec.storage import BucketAddress, Credentials

__all__ = [
    "AccessPolicy",
    "Actor",
    "ApiError",
    "BucketAddress",
    "ClinicPolicy",
    "Credentials",
    "IdStyle",
    "Mapping",
    "ObjectStore",
    "Options",
    "PresignedGet",
    "PresignedPost",
    "RateLimit",
    "RequestIds",
    "S3Store",
    "Scope",
    "StoredObject",
    "Uploaded",
    "add_document",
    "build_router",
    "instrument",
]


def __getattr__(name: str) -> Any:
    """Import parts where they are used: a host may have its own, or none."""
    if name == "add_document":
        from petrec.api.host.document import add_document  # noqa: PLC0415

        return add_document
    if name == "S3Store":
        from petrec.api.host.store import S3Store  # noqa: PLC0415

        return S3Store
    if name == "instrument":
        from petrec.api.host.telemetry import instrument  # noqa: PLC0415

        return instrument
    if name in {"BucketAddress", "Credentials"}:
        from petrec import storage  # noqa: PLC0415

        return getattr(storage, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
