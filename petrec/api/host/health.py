"""Whether the process runs, and whether it can serve."""

from typing import Literal, NotRequired

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from petrec.api.http.common import add_route, answers, encoded
from petrec.api.requirements import AuthorKey, author_key, check_inserts, check_values
from petrec.api.service import Service


class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]
    remarks: NotRequired[list[Literal["authors_must_be_users"]]]


def ready(service: Service) -> Health:
    """Check the database, and whether uploads can be recorded; errors become 503."""
    database, schema = service.database, service.clinic.schema
    with database.reading() as connection:
        check_inserts(connection, schema)
    check_values(database, schema, service.options)
    if author_key(database, schema, service.mapping) is AuthorKey.REQUIRED:
        # Staff can record: the service is ready, but not for everyone.
        return {"status": "ok", "remarks": ["authors_must_be_users"]}
    return {"status": "ok"}


def add_health(router: APIRouter, service: Service) -> None:
    """Add the probes."""

    async def health() -> Response:
        """Return that the process runs."""
        return encoded({"status": "ok"})

    def readiness() -> Response:
        """Return that the database answers and has the tables that are needed."""
        return encoded(ready(service))

    options = {"methods": ["GET"], "tags": ["health"]}
    add_route(router, "/health", health, responses=answers(ok=Health), **options)
    add_route(router, "/ready", readiness, responses=answers(503, ok=Health), **options)
