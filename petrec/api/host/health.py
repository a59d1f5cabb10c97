"""Whether the process runs, and whether it can serve."""

from functools import cache
from typing import Annotated, Literal, NotRequired

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from petrec.api.database import Database
from petrec.api.deadline import TimeLimit, at_work, current_deadline
from petrec.api.http.common import add_route, answers, encoded
from petrec.api.http.errors import no_outbox, unavailable
from petrec.api.http.wire_fields import answered
from petrec.api.pooled import Connection
from petrec.api.requirements import AuthorKey, author_key, check_inserts, check_values
from petrec.api.service import Service
from petrec.features.outbox.enqueue import FITTING
from petrec.schema import Schema
from petrec.version import __version__

# A probe that hangs must not keep the next ones waiting for the time that a request has.
_LIMIT_S = 3
_READ_ONLY = (
    "SELECT pg_catalog.pg_is_in_recovery()"
    " OR pg_catalog.current_setting('default_transaction_read_only')::bool"
)

Writes = Annotated[bool, Query(description="Whether the database has to take writes")]
Remark = Literal["authors_must_be_users", "read_only", "store_unreachable"]


@answered
class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]
    version: NotRequired[str]
    remarks: NotRequired[list[Remark]]


def ready(service: Service, database: Database, schema: Schema, *, writes: bool) -> Health:
    """Check the database on this way to it, and whether uploads can be recorded; errors are 503.

    Without `writes` a database that only reads is ready, too.
    """
    remarks: list[Remark] = []
    with database.reading() as connection:
        if not _is_writable(connection):
            if writes:
                # A new connection may lead to the server that has become the primary.
                connection.close()
                raise unavailable("read_only", "The database takes no writes")
            remarks.append("read_only")
        elif writes:
            check_inserts(connection, schema)
            if service.options.webhooks:
                _check_outbox(connection)
    if writes:
        check_values(database, schema, service.options)
    if author_key(database, schema, service.mapping) is AuthorKey.REQUIRED:
        # Staff can record: the service is ready, but not for everyone.
        remarks.append("authors_must_be_users")
    # All instances share the store: to take them out of service would end reads as well. It is
    # asked last, since nothing else may be asked of the database when the time is over.
    if not service.store.responds():
        remarks.append("store_unreachable")
    found: Health = {"status": "ok", "version": __version__}
    return {**found, "remarks": remarks} if remarks else found


def _is_writable(connection: Connection) -> bool:
    """Return whether this is no standby, such as the former primary after a failover."""
    row = connection.execute(_READ_ONLY).fetchone()
    return row is not None and not row[0]


def _check_outbox(connection: Connection) -> None:
    """Refuse where no event could be written: no upload could complete; errors: ApiError."""
    row = connection.execute(FITTING).fetchone()
    if row is None or not row[0]:
        raise no_outbox()


def add_health(router: APIRouter, service: Service) -> None:
    """Add the probes."""

    async def health() -> Response:
        """Return that the process runs."""
        return encoded({"status": "ok"})

    async def live() -> Response:
        """Return that the process runs, under the name that orchestrators use."""
        return encoded({"status": "ok"})

    # Its own connection and thread: it does not wait for what requests wait for.
    limiter = CapacityLimiter(1)
    limit_s = min(_LIMIT_S, service.options.request_s)

    @cache
    def way() -> Database:
        return service.database.beside()

    def found(writes: bool) -> Health:
        with at_work():
            # With the tables it is known how names are looked up.
            schema = service.clinic.schema
            return ready(service, way(), schema, writes=writes)

    async def readiness(writes: Writes = True) -> Response:
        """Return that the database answers, has the tables that are needed, and takes writes."""
        outer = current_deadline()
        async with TimeLimit(limit_s, outer.left_behind if outer else None):
            return encoded(await run_sync(found, writes, limiter=limiter))

    options = {"methods": ["GET"], "tags": ["health"], "openapi_extra": {"security": []}}
    add_route(router, "/health", health, responses=answers(ok=Health), **options)
    add_route(router, "/live", live, responses=answers(ok=Health), **options)
    add_route(router, "/ready", readiness, responses=answers(400, 503, ok=Health), **options)
