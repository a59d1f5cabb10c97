"""Whether the process runs, and whether it can serve."""

from typing import Literal, NotRequired

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from petrec.api.database import Connection
from petrec.api.http.common import add_route, answers, encoded
from petrec.api.http.errors import unavailable
from petrec.api.http.wire_fields import answered
from petrec.api.requirements import AuthorKey, author_key, check_inserts, check_values
from petrec.api.service import Service
from petrec.version import __version__

_READ_ONLY = (
    "SELECT pg_catalog.pg_is_in_recovery()"
    " OR pg_catalog.current_setting('default_transaction_read_only')::bool"
)

# NULL where there is no such table; a schema that may not be used is an error of its own.
_OUTBOX = (
    "SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
    " AND pg_catalog.has_table_privilege(c.oid, 'INSERT') FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'petrec' AND c.relname = 'outbox'"
)


@answered
class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]
    version: NotRequired[str]
    remarks: NotRequired[list[Literal["authors_must_be_users"]]]


def ready(service: Service) -> Health:
    """Check the database, and whether uploads can be recorded; errors become 503."""
    database, schema = service.database, service.clinic.schema
    with database.reading() as connection:
        _check_writable(connection)
        check_inserts(connection, schema)
        if service.options.webhooks:
            _check_outbox(connection)
    check_values(database, schema, service.options)
    if author_key(database, schema, service.mapping) is AuthorKey.REQUIRED:
        # Staff can record: the service is ready, but not for everyone.
        remarks: list[Literal["authors_must_be_users"]] = ["authors_must_be_users"]
        return {"status": "ok", "version": __version__, "remarks": remarks}
    return {"status": "ok", "version": __version__}


def _check_writable(connection: Connection) -> None:
    """Refuse a standby, such as the former primary after a failover; errors: ApiError."""
    row = connection.execute(_READ_ONLY).fetchone()
    if row is None or row[0]:
        raise unavailable("read_only", "The database takes no writes")


def _check_outbox(connection: Connection) -> None:
    """Refuse where no event could be written: no upload could complete; errors: ApiError."""
    row = connection.execute(_OUTBOX).fetchone()
    if row is None or not row[0]:
        raise unavailable("no_outbox", "There is no outbox that this role may write to")


def add_health(router: APIRouter, service: Service) -> None:
    """Add the probes."""

    async def health() -> Response:
        """Return that the process runs."""
        return encoded({"status": "ok"})

    def readiness() -> Response:
        """Return that the database answers and has the tables that are needed."""
        return encoded(ready(service))

    options = {"methods": ["GET"], "tags": ["health"], "openapi_extra": {"security": []}}
    add_route(router, "/health", health, responses=answers(ok=Health), **options)
    add_route(router, "/ready", readiness, responses=answers(503, ok=Health), **options)
