"""The router's OpenAPI document, as a file beside the documentation."""

import json
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from sqlalchemy import create_engine

from petrec.api.http.fitted import with_nulls
from petrec.api.options import Options
from petrec.api.ports import Actor
from petrec.api.router import build_router
from petrec.version import __version__

_BEARER = HTTPBearer(description="A token of the host application", auto_error=False)
# What any host that serves the router alone says of it.
PRESENTED: dict[str, Any] = {
    "description": "Recordings of pets: uploads, lists, appointments and visits.",
    "openapi_tags": [
        {"name": "recordings", "description": "Uploads, lists, and addresses to listen at"},
        {"name": "appointments", "description": "Appointments with their pets"},
        {"name": "visits", "description": "Visits, each with its recordings"},
        {"name": "health", "description": "Probes, without a token"},
    ],
    "contact": {"name": "petrec"},
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "servers": [{"url": "/", "description": "The host that served this document"}],
}


def export() -> str:
    """Return the document as JSON text; nothing connects anywhere."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document(options: Options | None = None) -> dict[str, Any]:
    """Return the document of a host that mounts the router alone."""
    app = FastAPI(title="petrec.api", version=__version__, **PRESENTED)
    engine = create_engine("postgresql+psycopg://")
    store: Any = None  # only requests ask it
    router = build_router(engine, store=store, current_actor=_nobody, options=options)
    app.include_router(router)
    return with_nulls(app.openapi(), router)


def _nobody(token: Annotated[Any, Depends(_BEARER)]) -> Actor:
    raise NotImplementedError
