"""Completing an upload: the object is verified, the row is updated, then listeners are notified."""

import logging
from dataclasses import dataclass
from typing import Any

from petrec.api.access import Scope
from petrec.api.entities import Entity
from petrec.api.http.errors import conflict, not_found
from petrec.api.options import Uploaded
from petrec.api.pooled import Connection
from petrec.api.ports import ObjectStore
from petrec.api.service import Caller, Service
from petrec.api.statements import Row, actor_values
from petrec.api.uploads import complete_queries as uploaded
from petrec.api.uploads.announce import announce, tell_host
from petrec.api.uploads.wire import CompleteIn, CompleteOut
from petrec.schema import FAILED, UploadState
from petrec.storage.metadata import clients_own, completed, lacking, merged, noted_sha256
from petrec.storage.objects import StoredObject

logger = logging.getLogger("petrec.api")


@dataclass(frozen=True)
class Completion:
    """One completion: the caller, the recording and the file."""

    service: Service
    caller: Caller
    recording: str
    body: CompleteIn

    def row(self, connection: Connection, build: Any, *scope: Scope) -> Row | None:
        """Run one of the module's statements on the recording, within a scope."""
        statement = self.service.clinic.statements.get(build, *scope)
        values = actor_values(self.caller.actor) | {"id": self.recording}
        return statement.first(connection, values)

    def differs(self, row: Row) -> bool:
        """Return whether the row says another size than the client."""
        sized = "file_size_bytes" in self.service.clinic.schema.recordings.c
        return sized and bool(row.file_size_bytes != self.body.file_size_bytes)

    def lacks(self, row: Row) -> dict[str, Any]:
        """Return what the client knows of the file and the row does not, by its columns."""
        kept, lacked = self.service.clinic.schema.recordings.c, dict[str, Any]()
        if "duration_seconds" in kept and row.duration_seconds is None:
            lacked["duration_seconds"] = self.body.duration_seconds
        unknown = lacking(row.recording_metadata, clients_own(self.body.recording_metadata))
        if "recording_metadata" in kept and unknown:
            lacked["recording_metadata"] = merged(row.recording_metadata, unknown)
        return {name: value for name, value in lacked.items() if value is not None}


def complete(service: Service, caller: Caller, recording: str, body: CompleteIn) -> CompleteOut:
    """Mark the recording as uploaded, once; errors: ApiError, StorageUnavailableError."""
    service.check_uploads()
    ids = service.clinic.ids
    work = Completion(service, caller, ids.parse(Entity.RECORDING, recording, "recording_id"), body)
    with service.database.reading() as connection:
        row = work.row(connection, uploaded.find, caller.scope)
    if row is None:
        raise not_found(Entity.RECORDING)
    answer: CompleteOut = {
        "status": "completed",
        "recording_id": ids.write(Entity.RECORDING, work.recording),
    }
    if _is_complete(work, row):
        if work.lacks(row):
            _add(work)
        return answer
    found = verified(service.store, row, body)
    with service.database.writing() as connection:
        event = _update(work, connection, found)
    if event is not None:
        tell_host(service, caller, event)
    return answer


def _is_complete(work: Completion, row: Row) -> bool:
    """Return whether the same completion was made before; errors: ApiError if it was different."""
    if row.status == UploadState.PENDING:
        return False
    if row.status == FAILED or work.differs(row):
        raise conflict("not_pending", "This recording does not expect an upload")
    return True


def verified(store: ObjectStore, row: Row, body: CompleteIn) -> StoredObject:
    """Return the object if it matches the announced upload; errors: ApiError."""
    found = store.head(row.s3_key) if row.s3_key else None
    if found is None:
        raise conflict("upload_missing", "The file has not been uploaded")
    if found.size != body.file_size_bytes or not 0 < found.size <= store.max_bytes:
        message = "The size of the uploaded file differs from the announced size"
        raise conflict("upload_differs", message, field="file_size_bytes", actual=found.size)
    if row.mime_type is not None and found.content_type != row.mime_type:
        message = "The type of the uploaded file differs from the announced type"
        raise conflict("upload_differs", message, field="content_type", expected=row.mime_type)
    wanted = noted_sha256(row.recording_metadata)
    if wanted is not None and found.sha256 != wanted:
        message = "The uploaded file is not the one of the announced checksum"
        raise conflict("upload_differs", message, field="checksum_sha256", actual=found.sha256)
    return found


def _update(work: Completion, connection: Connection, found: StoredObject) -> Uploaded | None:
    """Write what is known now to the row; None if another request was first."""
    row = work.row(connection, uploaded.lock, work.caller.scope)
    if row is None:
        raise not_found(Entity.RECORDING)
    if _is_complete(work, row):
        return None
    pet = row.pet_id if row.pet_id is not None else _certain_pet(work, connection)
    service = work.service
    metadata = work.body.recording_metadata
    values = {
        "id": work.recording,
        "pet_id": pet,
        "status": UploadState.UPLOADED,
        "file_size_bytes": found.size,
        "duration_seconds": work.body.duration_seconds,
        "recording_metadata": completed(row.recording_metadata, found.etag, metadata),
        "moment": service.options.clock().replace(microsecond=0),
    }
    service.clinic.statements.get(uploaded.update_query).run(connection, values)
    event = Uploaded(work.recording, pet, row.s3_key)
    announce(service, connection, event)
    return event


def _add(work: Completion) -> None:
    """Write what an upload that was settled without its client lacks; it was announced already."""
    with work.service.database.writing() as connection:
        row = work.row(connection, uploaded.lock, work.caller.scope)
        lacked = work.lacks(row) if row is not None else {}
        if not lacked:
            return
        moment = work.service.options.clock().replace(microsecond=0)
        statement = work.service.clinic.statements.get(uploaded.add_query, frozenset(lacked))
        statement.run(connection, lacked | {"id": work.recording, "moment": moment})


def _certain_pet(work: Completion, connection: Connection) -> str | None:
    """Return the certain pet, with the appointment's pets locked."""
    work.row(connection, uploaded.hold_appointment)
    row = work.row(connection, uploaded.certain)
    pet = row.pet_id if row is not None else None
    known = {
        "recording_id": work.service.clinic.ids.write(Entity.RECORDING, work.recording),
        "pet_id": work.service.clinic.ids.maybe(Entity.PET, pet),
    }
    logger.error("Recording has no pet after the upload", extra=known)
    return pet
