"""Starting an upload: the recording's row and the form to upload its file with."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from petrec.api.authors import refuses_author
from petrec.api.database import Connection
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError, conflict, denied
from petrec.api.ports import PresignedPost
from petrec.api.requirements import AuthorKey
from petrec.api.service import Caller, Clinic, Service
from petrec.api.statements import actor_values
from petrec.api.uploads import idempotency
from petrec.api.uploads.insert import insert_query
from petrec.api.uploads.membership import explain
from petrec.api.uploads.new_ids import new_id
from petrec.api.uploads.wire import InitiateIn, InitiateOut
from petrec.schema import UploadState

logger = logging.getLogger("petrec.api")


@dataclass(frozen=True)
class Draft:
    """A recording to be: ids as in the database."""

    id: str
    appointment_id: str
    pet_id: str
    visit_id: str | None
    key: str
    now: datetime


def initiate(
    service: Service, caller: Caller, body: InitiateIn, idempotency_key: str | None
) -> InitiateOut:
    """Insert the recording and return the upload form; errors: ApiError."""
    service.check_uploads()
    clinic = service.clinic
    draft = _draft(service, clinic, caller, body, idempotency_key)
    post = service.store.presign_post(draft.key, body.content_type, draft.now)
    values = _values(service, caller, body, draft)
    try:
        with service.database.writing() as connection:
            if idempotency_key is not None:
                earlier = idempotency.earlier(connection, clinic, values)
                if earlier is not None:
                    _check_replay(connection, clinic, caller, values, earlier)
                    return _again(service, draft, body, earlier)
            refusal = _insert(connection, clinic, caller, values)
    except psycopg.IntegrityError as error:
        raise _refusal(service, caller, values, error) from error
    if refusal is not None:
        raise refusal
    _log(clinic, caller, draft, body)
    return _out(service, draft.id, draft.key, post)


def _draft(
    service: Service, clinic: Clinic, caller: Caller, body: InitiateIn, key: str | None
) -> Draft:
    ids = clinic.ids
    appointment = ids.parse(Entity.APPOINTMENT, body.appointment_id, "appointment_id")
    pet = ids.parse(Entity.PET, body.pet_id, "pet_id")
    given = body.visit_id
    visit = None if given is None else ids.parse(Entity.VISIT, given, "visit_id")
    if key is None:
        recording = new_id(service.database, clinic)
    else:
        recording = idempotency.derived_id(clinic, caller.actor, key)
    now = service.options.clock().replace(microsecond=0)
    suffix = service.options.content_types[body.content_type]
    name = f"{ids.prefixed(Entity.RECORDING, recording)}.{suffix}"
    path = f"{service.options.key_folder}/{now:%Y/%m/%d}/{name}"
    return Draft(recording, appointment, pet, visit, path, now)


def _values(service: Service, caller: Caller, body: InitiateIn, draft: Draft) -> dict[str, Any]:
    estimate = body.estimated_duration_seconds
    metadata = {} if estimate is None else {"estimated_duration_seconds": estimate}
    return actor_values(caller.actor) | {
        "id": draft.id,
        "appointment_id": draft.appointment_id,
        "pet_id": draft.pet_id,
        "visit_id": draft.visit_id,
        "recorded_by_user_id": caller.actor.user_id,
        "recording_type": body.recording_type,
        "status": UploadState.PENDING,
        "filename": draft.key.rpartition("/")[2],
        "original_filename": body.filename,
        "mime_type": body.content_type,
        "s3_key": draft.key,
        "s3_url": service.store.url(draft.key),
        "is_transcribed": False,
        "is_processing": False,
        "recording_metadata": Jsonb(metadata),
        "created_at": draft.now,
        "updated_at": draft.now,
    }


def _insert(
    connection: Connection, clinic: Clinic, caller: Caller, values: dict[str, Any]
) -> ApiError | None:
    """Insert the row, or say why not; raising would roll back, and forget prepared statements."""
    with_visit = values["visit_id"] is not None
    variant = (with_visit, clinic.authors is AuthorKey.OPTIONAL)
    statement = clinic.statements.get(insert_query, caller.scope, *variant)
    if statement.run(connection, values) == 0:
        return explain(connection, clinic, caller, values)
    return None


def _refusal(
    service: Service, caller: Caller, values: dict[str, Any], error: psycopg.IntegrityError
) -> Exception:
    """Return why a constraint refused the row, by looking again in a transaction of its own.

    It is the error itself where neither the request nor the caller explains it.
    """
    with service.database.writing() as connection:
        reason = explain(connection, service.clinic, caller, values)
        author = service.clinic.schema.tables.recordings.c.get("recorded_by_user_id")
        unknown = refuses_author(connection, service.clinic, caller, author, error)
    if reason.code != "try_again":
        return reason
    return denied("This account cannot record") if unknown else error


def _again(
    service: Service, draft: Draft, body: InitiateIn, earlier: idempotency.Earlier
) -> InitiateOut:
    """Answer as the first time; a pending upload whose form has expired gets a new one."""
    left = earlier.seconds_left(draft.now, service.store.expires_s)
    signed_at = earlier.created_at or draft.now
    if earlier.pending and left == 0:
        signed_at, left = draft.now, service.store.expires_s
    post = service.store.presign_post(earlier.s3_key, body.content_type, signed_at)
    return _out(service, draft.id, earlier.s3_key, post) | {"expires_in": left}


def _check_replay(
    connection: Connection,
    clinic: Clinic,
    caller: Caller,
    values: dict[str, Any],
    earlier: idempotency.Earlier,
) -> None:
    """Refuse another body, and a caller who could not start this upload now; errors: ApiError."""
    if earlier.differs:
        raise conflict("idempotency_key_reused", "This Idempotency-Key came with another request")
    refusal = explain(connection, clinic, caller, values)
    if refusal.code != "try_again":
        raise refusal


def _out(service: Service, recording: str, key: str, post: PresignedPost) -> InitiateOut:
    return {
        "recording_id": service.clinic.ids.write(Entity.RECORDING, recording),
        "upload_url": post.url,
        "upload_fields": dict(post.fields),
        "s3_key": key,
        "bucket": service.store.bucket,
        "expires_in": service.store.expires_s,
        "max_file_size": service.store.max_bytes,
    }


def _log(clinic: Clinic, caller: Caller, draft: Draft, body: InitiateIn) -> None:
    known = {
        "recording_id": clinic.ids.write(Entity.RECORDING, draft.id),
        "pet_id": clinic.ids.write(Entity.PET, draft.pet_id),
        "appointment_id": clinic.ids.write(Entity.APPOINTMENT, draft.appointment_id),
        "user_id": clinic.ids.write(Entity.USER, caller.actor.user_id),
        # `filename` is a LogRecord's own attribute; logging refuses to overwrite it.
        "original_filename": body.filename,
    }
    logger.info("Recording upload initiated", extra=known)
