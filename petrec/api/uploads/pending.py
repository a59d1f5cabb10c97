"""A pending upload: a new form for it, or its end without a file."""

import logging
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Text, Update, bindparam, cast, update

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.errors import conflict, not_found
from petrec.api.pooled import Connection
from petrec.api.service import Caller, Service
from petrec.api.statements import CompiledStatement, Row, actor_values
from petrec.api.uploads.complete_queries import lock
from petrec.api.uploads.wire import CancelOut, InitiateOut
from petrec.api.wire_columns import as_column
from petrec.postgres.raised import is_raised
from petrec.schema import FAILED, Schema, UploadState, base_type
from petrec.storage.metadata import CANCELLED, merged, noted_sha256

logger = logging.getLogger("petrec.api")


def new_form(service: Service, caller: Caller, recording: str) -> InitiateOut:
    """Return another form for the same object, valid from now; errors: ApiError."""
    ids, store = service.clinic.ids, service.store
    now = service.options.clock().replace(microsecond=0)
    known = ids.parse(Entity.RECORDING, recording, "recording_id")
    with service.database.writing() as connection:
        row = note_form(service, caller, connection, known, now)
    post = store.presign_post(row.s3_key, row.mime_type, now, noted_sha256(row.recording_metadata))
    return {
        "recording_id": ids.write(Entity.RECORDING, known),
        "upload_url": post.url,
        "upload_fields": dict(post.fields),
        "s3_key": row.s3_key,
        "bucket": store.bucket,
        "expires_in": store.expires_s,
        "max_file_size": store.max_bytes,
    }


def note_form(
    service: Service, caller: Caller, connection: Connection, recording: str, now: datetime
) -> Row:
    """Note in the pending row that it gets a form now, and return it; errors: ApiError.

    An upload counts as expired from its last form on.
    """
    found = _statement(service, lock, caller.scope).first(connection, _values(caller, recording))
    row = _pending(found)
    if not row.s3_key or not row.mime_type:
        raise conflict("no_form", "This recording does not say what its file would be")
    values = {"id": recording, "status": UploadState.PENDING, "moment": now}
    _statement(service, _status_query).run(connection, values)
    return row


def cancel(service: Service, caller: Caller, recording: str) -> CancelOut:
    """End an upload that will not be completed, once; errors: ApiError."""
    ids = service.clinic.ids
    known = ids.parse(Entity.RECORDING, recording, "recording_id")
    answer: CancelOut = {"status": "cancelled", "recording_id": ids.write(Entity.RECORDING, known)}
    with service.database.writing() as connection:
        row = _statement(service, lock, caller.scope).first(connection, _values(caller, known))
        if row is not None and row.status == FAILED:
            return answer
        pending = _pending(row)
        moment = service.options.clock().replace(microsecond=0)
        noted = merged(pending.recording_metadata, {CANCELLED: moment.isoformat()})
        values = {"id": known, "status": FAILED, "moment": moment, "noted": noted}
        try:
            _statement(service, _cancel_query).run(connection, values)
        except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
            if is_raised(error):
                raise
            message = "The status of recordings cannot say that an upload has failed"
            raise conflict("not_cancellable", message) from error
    fields = {
        "recording_id": answer["recording_id"],
        "user_id": ids.write(Entity.USER, caller.actor.user_id),
    }
    logger.info("Recording upload cancelled", extra=fields)
    return answer


def _statement(service: Service, build: Any, *scope: Scope) -> CompiledStatement:
    return service.clinic.statements.get(build, *scope)


def _values(caller: Caller, recording: str) -> dict[str, Any]:
    return actor_values(caller.actor) | {"id": recording}


def _pending(row: Row | None) -> Row:
    """Return a row that still expects its file; errors: ApiError."""
    if row is None:
        raise not_found(Entity.RECORDING)
    if row.status != UploadState.PENDING:
        raise conflict("not_pending", "This recording does not expect an upload")
    return row


def _cancel_query(schema: Schema) -> Update:
    """Note the cancellation, by which a sweep knows the file, where the metadata is JSON."""
    c = schema.tables.recordings.c
    query = _status_query(schema)
    if "recording_metadata" not in c or base_type(c.recording_metadata) not in {"json", "jsonb"}:
        return query
    noted = cast(cast(bindparam("noted"), Text), c.recording_metadata.type)
    return query.values({c.recording_metadata: noted})


def _status_query(schema: Schema) -> Update:
    recordings = schema.tables.recordings
    c = recordings.c
    values: dict[Any, Any] = {c.status: cast(cast(bindparam("status"), Text), c.status.type)}
    if "updated_at" in c:
        values[c.updated_at] = as_column(c.updated_at, "moment")
    return update(recordings).values(values).where(c.id == bindparam("id"))
