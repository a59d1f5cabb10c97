"""Announce a completed upload: to listeners and webhooks with its commit, then to the host."""

import logging
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from petrec.api.entities import Entity
from petrec.api.http.errors import no_outbox
from petrec.api.options import Uploaded
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Service
from petrec.api.uploads.complete_queries import notify
from petrec.features.outbox.enqueue import INSERT, event_row
from petrec.features.outbox.table import EventType
from petrec.features.runs.targets import target_name
from petrec.postgres.raised import is_raised

logger = logging.getLogger("petrec.api")

# There is no table, or no schema for it; it has other columns; the role may not write to it.
_UNFIT = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InsufficientPrivilege,
)


def announce(service: Service, connection: Connection, event: Uploaded) -> None:
    """Announce the upload with its commit: to listeners by NOTIFY, to webhooks by the outbox.

    Errors: ApiError 503 without an outbox that fits.
    """
    ids, options = service.clinic.ids, service.options
    data = {
        "recording_id": ids.write(Entity.RECORDING, event.recording_id),
        "pet_id": ids.maybe(Entity.PET, event.pet_id),
    }
    if options.channel is not None:
        values = {"channel": options.channel, "payload": Jsonb(data)}
        service.clinic.statements.get(notify).rows(connection, values)
    if options.webhooks:
        _enqueue(service, connection, data)


def _enqueue(service: Service, connection: Connection, data: Mapping[str, Any]) -> None:
    options, target = service.options, target_name(service.clinic.schema)
    row = event_row(options.webhooks, EventType.UPLOADED, options.clock(), target, data)
    try:
        connection.execute(INSERT, row)
    except _UNFIT as error:
        if is_raised(error):
            raise
        logger.error(  # noqa: TRY400 it is known
            "No upload can be completed: petrec.outbox does not exist, is of an older version, or "
            "this role may not write to it; its owner runs: petrec outbox run"
        )
        raise no_outbox() from error


def tell_host(service: Service, caller: Caller, event: Uploaded) -> None:
    """Log, and call the host. The upload is committed, so a failure does not reach the client."""
    ids = service.clinic.ids
    known = {
        "recording_id": ids.write(Entity.RECORDING, event.recording_id),
        "pet_id": ids.maybe(Entity.PET, event.pet_id),
        "user_id": ids.write(Entity.USER, caller.actor.user_id),
    }
    logger.info("Recording upload completed", extra=known)
    if service.on_uploaded is None:
        return
    try:
        service.on_uploaded(event)
    except Exception:
        logger.exception("on_uploaded failed", extra=known)
