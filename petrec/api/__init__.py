"""The same rules in the endpoints that the app calls, for a host application to mount."""

try:
    import fastapi  # noqa: F401
except ImportError as error:
    raise ImportError("petrec.api needs FastAPI: pip install 'petrec[api]'") from error

from petrec.api.access import AccessPolicy, ClinicPolicy, Scope
from petrec.api.http.errors import ApiError
from petrec.api.options import IdStyle, Options, Uploaded
from petrec.api.ports import Actor, ObjectStore, PresignedPost, StoredObject
from petrec.api.router import build_router

__all__ = [
    "AccessPolicy",
    "Actor",
    "ApiError",
    "ClinicPolicy",
    "IdStyle",
    "ObjectStore",
    "Options",
    "PresignedPost",
    "Scope",
    "StoredObject",
    "Uploaded",
    "build_router",
]
