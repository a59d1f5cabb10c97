"""Starting an upload: the recording's row and the form to upload its file with."""

import logging

import psycopg
from psycopg.types.json import Jsonb

from petrec.api.authors import refuses_author
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError, conflict, denied
from petrec.api.pooled import Connection
from petrec.api.ports import PresignedPost
from petrec.api.requirements import AuthorKey
from petrec.api.service import Caller, Clinic, Service
from petrec.api.statements import actor_values
from petrec.api.uploads import idempotency
from petrec.api.uploads.insert import insert_query
from petrec.api.uploads.membership import explain
from petrec.api.uploads.new_ids import new_id
from petrec.api.uploads.new_recording import Association, NewRecording
from petrec.api.uploads.pending import note_form
from petrec.api.uploads.wire import InitiateIn, InitiateOut
from petrec.schema import FAILED
from petrec.storage.metadata import SHA256

logger = logging.getLogger("petrec.api")


def initiate(
    service: Service, caller: Caller, body: InitiateIn, idempotency_key: str | None
) -> InitiateOut:
    """Insert the recording and return the upload form; errors: ApiError."""
    service.check_uploads()
    clinic = service.clinic
    new = _new_recording(service, caller, body, idempotency_key)
    post = service.store.presign_post(new.s3_key, new.mime_type, new.created_at, new.sha256)
    try:
        with service.database.writing() as connection:
            if idempotency_key is not None:
                earlier = idempotency.earlier(connection, clinic, new)
                if earlier is not None:
                    _check_replay(connection, clinic, caller, new, earlier)
                    return _again(service, caller, connection, new, earlier)
            refusal = _insert(connection, clinic, caller, new)
    except psycopg.IntegrityError as error:
        raise _refusal(service, caller, new, error) from error
    if refusal is not None:
        raise refusal
    _log(clinic, new)
    return _out(service, new, new.s3_key, post)


def _new_recording(
    service: Service, caller: Caller, body: InitiateIn, key: str | None
) -> NewRecording:
    clinic, options = service.clinic, service.options
    association = _association(clinic, body)
    if key is None:
        recording = new_id(service.database, clinic)
    else:
        recording = idempotency.derived_id(clinic, caller.actor, key)
    now = options.clock().replace(microsecond=0)
    suffix = options.content_types[body.content_type]
    name = f"{clinic.ids.prefixed(Entity.RECORDING, recording)}.{suffix}"
    path = f"{options.key_folder}/{now:%Y/%m/%d}/{name}"
    return NewRecording(
        id=recording,
        **vars(association),
        recorded_by_user_id=caller.actor.user_id,
        recording_type=body.recording_type,
        filename=name,
        original_filename=body.filename,
        mime_type=body.content_type,
        s3_key=path,
        s3_url=service.store.url(path),
        recording_metadata=Jsonb(_metadata(body)),
        created_at=now,
        updated_at=now,
    )


def _association(clinic: Clinic, body: InitiateIn) -> Association:
    ids, visit = clinic.ids, body.visit_id
    appointment = ids.parse(Entity.APPOINTMENT, body.appointment_id, "appointment_id")
    pet = ids.parse(Entity.PET, body.pet_id, "pet_id")
    return Association(
        pet, appointment, None if visit is None else ids.parse(Entity.VISIT, visit, "visit_id")
    )


def _metadata(body: InitiateIn) -> dict[str, float | str]:
    noted = {
        "estimated_duration_seconds": body.estimated_duration_seconds,
        SHA256: vars(body).get("checksum_sha256"),
    }
    return {name: value for name, value in noted.items() if value is not None}


def _insert(
    connection: Connection, clinic: Clinic, caller: Caller, new: NewRecording
) -> ApiError | None:
    """Insert the row, or return why not: raising would drop the prepared statements."""
    with_visit = new.visit_id is not None
    variant = (with_visit, clinic.authors is AuthorKey.OPTIONAL)
    statement = clinic.statements.get(insert_query, caller.scope, *variant)
    if statement.run(connection, actor_values(caller.actor) | new.values()) == 0:
        return explain(connection, clinic, caller, new)
    return None


def _refusal(
    service: Service, caller: Caller, new: NewRecording, error: psycopg.IntegrityError
) -> Exception:
    """Return why a constraint refused the row, by looking again in a transaction of its own.

    It is the error itself if neither the request nor the caller explains it.
    """
    with service.database.writing() as connection:
        reason = explain(connection, service.clinic, caller, new)
        author = service.clinic.schema.tables.recordings.c.get("recorded_by_user_id")
        unknown = refuses_author(connection, service.clinic, caller, author, error)
    if reason.code != "try_again":
        return reason
    return denied("This account cannot record") if unknown else error


def _again(
    service: Service,
    caller: Caller,
    connection: Connection,
    new: NewRecording,
    earlier: idempotency.EarlierUpload,
) -> InitiateOut:
    """Repeat the first answer; a pending upload whose form has expired gets a new form."""
    left = earlier.seconds_left(new.created_at, service.store.expires_s)
    signed_at = earlier.formed_at or new.created_at
    if earlier.pending and left == 0:
        note_form(service, caller, connection, new.id, new.created_at)
        signed_at, left = new.created_at, service.store.expires_s
    post = service.store.presign_post(earlier.s3_key, new.mime_type, signed_at, new.sha256)
    return _out(service, new, earlier.s3_key, post) | {"expires_in": left}


def _check_replay(
    connection: Connection,
    clinic: Clinic,
    caller: Caller,
    new: NewRecording,
    earlier: idempotency.EarlierUpload,
) -> None:
    """Refuse another body, an upload that has ended, and who may not start it now."""
    if earlier.differs:
        raise conflict(
            "idempotency_key_reused", "This Idempotency-Key was used with a different request"
        )
    if earlier.status == FAILED:
        raise conflict("not_pending", "This recording does not expect an upload")
    refusal = explain(connection, clinic, caller, new)
    if refusal.code != "try_again":
        raise refusal


def _out(service: Service, new: NewRecording, key: str, post: PresignedPost) -> InitiateOut:
    return {
        "recording_id": service.clinic.ids.write(Entity.RECORDING, new.id),
        "upload_url": post.url,
        "upload_fields": dict(post.fields),
        "s3_key": key,
        "bucket": service.store.bucket,
        "expires_in": service.store.expires_s,
        "max_file_size": service.store.max_bytes,
    }


def _log(clinic: Clinic, new: NewRecording) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    known = {
        "recording_id": clinic.ids.write(Entity.RECORDING, new.id),
        "pet_id": clinic.ids.write(Entity.PET, new.pet_id),
        "appointment_id": clinic.ids.write(Entity.APPOINTMENT, new.appointment_id),
        "user_id": clinic.ids.write(Entity.USER, new.recorded_by_user_id),
        # `filename` is a LogRecord's own attribute; logging refuses to overwrite it.
        "original_filename": new.original_filename,
    }
    logger.info("Recording upload initiated", extra=known)
