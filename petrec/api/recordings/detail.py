"""One recording, and a signed address of its file for a while."""

from typing import Any

from sqlalchemy import Select, bindparam, select, union_all

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.cursor import After
from petrec.api.http.errors import ApiError, conflict, not_found
from petrec.api.pooled import Connection
from petrec.api.recordings.branches import Branches
from petrec.api.recordings.shape import recordings_out, wire_recording
from petrec.api.recordings.wire import AudioOut, RecordingOut
from petrec.api.service import Caller, Service
from petrec.api.statements import Row, actor_values
from petrec.api.wire_columns import as_text, or_null
from petrec.schema import Schema, UploadState
from petrec.storage.metadata import noted_etag


def read_recording(service: Service, caller: Caller, recording: str) -> RecordingOut:
    """Return the recording, pending or not; errors: ApiError, also where its pet is not certain."""
    row = _read(service, caller, recording)
    return recordings_out(service.clinic.ids, service.store, [row])[0]


def read_audio(service: Service, caller: Caller, recording: str) -> AudioOut:
    """Return where to listen to it; errors: ApiError, StorageUnavailableError."""
    row = _read(service, caller, recording)
    if row.status == UploadState.PENDING:
        raise conflict("not_uploaded", "The file has not arrived yet")
    store, key = service.store, row.s3_key
    found = store.head(key) if key else None
    if found is None:
        raise _gone()
    if noted_etag(row.metadata) not in (None, found.etag):
        raise conflict("file_changed", "The stored file is not the one that was uploaded")
    address = store.presign_get(key, service.options.clock())
    return {
        "recording_id": service.clinic.ids.write(Entity.RECORDING, row.id),
        "audio_url": address.url,
        "expires_in": address.expires_s,
        "content_type": found.content_type,
        "file_size_bytes": found.size,
    }


def served_recording(
    connection: Connection, service: Service, caller: Caller, known: str
) -> RecordingOut | None:
    """Return a recording by its stored id as it is served; None if it is not."""
    row = _row(connection, service, caller, known)
    rows = [] if row is None else [row]
    return next(iter(recordings_out(service.clinic.ids, service.store, rows)), None)


def _read(service: Service, caller: Caller, recording: str) -> Row:
    known = service.clinic.ids.parse(Entity.RECORDING, recording, "recording_id")
    with service.database.reading() as connection:
        row = _row(connection, service, caller, known)
    if row is None:
        raise not_found(Entity.RECORDING)
    return row


def _row(connection: Connection, service: Service, caller: Caller, known: str) -> Row | None:
    statement = service.clinic.statements.get(_query, caller.scope)
    values = actor_values(caller.actor) | {"recording": known, "fetch": 1}
    return next(iter(statement.rows(connection, values)), None)


def _query(schema: Schema, scope: Scope) -> Select[Any]:
    branches = Branches(schema, scope, frozenset({"recording"}), After.TOP)
    named = branches.named().subquery("named")
    found = union_all(select(named), branches.inferred(None)).subquery("found")
    kept = schema.recordings.alias("kept")
    metadata = as_text(or_null(kept.c, "recording_metadata")).label("metadata")
    mine = found.join(kept, kept.c.id == bindparam("recording"))
    return select(*wire_recording(found.c), metadata).select_from(mine)


def _gone() -> ApiError:
    return conflict("file_missing", "There is no stored file")
