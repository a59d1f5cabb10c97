"""The two endpoints as one would write them by hand: FastAPI, pydantic, psycopg and its pool.

They take and return the same: ids with prefixes, each filter of the list, every column, the same
JSON encoder. They check the same: whose practice it is, and that the pet is in the appointment.
They have their own SQL, and neither infer pets, nor count what they leave out, nor have pages,
keys, visits, an error format or limits on time.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from psycopg.rows import dict_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, BeforeValidator

from petrec.api import S3Store

CONNECTIONS = 10
LISTED = """
SELECT r.id::text, NULL AS visit_id, r.appointment_id::text, r.pet_id::text,
  r.recorded_by_user_id::text, r.recording_type, r.status, r.filename, r.original_filename,
  r.file_size_bytes, r.duration_seconds::float8, r.mime_type, r.s3_key, r.s3_url, r.transcript_text,
  r.transcript_confidence::float8, r.is_transcribed, r.is_processing, r.created_at, r.updated_at
FROM recordings r
WHERE {} AND r.status <> 'pending'
  AND (EXISTS (SELECT FROM appointments a
               WHERE a.id = r.appointment_id AND a.practice_id = %(practice)s)
       OR r.appointment_id IS NULL AND EXISTS
         (SELECT FROM users u WHERE u.id = r.recorded_by_user_id AND u.practice_id = %(practice)s))
ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s
"""
FILTERS = {"pet": "r.pet_id = %(pet)s", "appointment": "r.appointment_id = %(appointment)s"}
# The link is locked, so that it is still there when the recording is committed.
INSERTED = """
WITH link AS (
  SELECT l.appointment_id, l.pet_id FROM appointment_pets l
  JOIN appointments a ON a.id = l.appointment_id AND a.practice_id = %(practice)s
  WHERE l.appointment_id = %(appointment)s AND l.pet_id = %(pet)s FOR SHARE OF l
)
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, mime_type, s3_key, s3_url, recording_metadata, is_transcribed,
  is_processing, created_at, updated_at)
SELECT %(id)s, link.appointment_id, link.pet_id, %(user)s, %(kind)s, 'pending', %(name)s,
  %(original)s, %(mime)s, %(key)s, %(url)s, %(metadata)s, false, false, %(now)s, %(now)s FROM link
"""


def _bare(prefix: str) -> BeforeValidator:
    return BeforeValidator(lambda given: str(given).removeprefix(prefix))


PetId = Annotated[uuid.UUID, _bare("pet-")]
AppointmentId = Annotated[uuid.UUID, _bare("appt-")]


class Upload(BaseModel):
    """The body of an initiated upload."""

    appointment_id: AppointmentId
    pet_id: PetId
    recording_type: Literal["visit_audio", "appointment_audio", "consultation_audio"]
    filename: str
    content_type: Literal["audio/mp4", "audio/m4a", "audio/mpeg", "audio/wav", "audio/aac"]
    estimated_duration_seconds: float | None = None


class Caller(BaseModel):
    """Who calls, by headers."""

    user: uuid.UUID
    practice: uuid.UUID


async def current_caller(request: Request) -> Caller:
    """Return who calls."""
    given = request.headers
    return Caller(user=uuid.UUID(given["x-user"]), practice=uuid.UUID(given["x-practice"]))


Called = Annotated[Caller, Depends(current_caller)]


def make_bare_app(dsn: str, store: S3Store) -> FastAPI:
    """Return the application."""
    pool: ConnectionPool[Any] = ConnectionPool(
        dsn,
        kwargs={"row_factory": dict_row},
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        open=False,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with pool:
            yield

    router = APIRouter(prefix="/api/v1")
    listed = {
        names: SQL(LISTED).format(SQL(" AND ").join(SQL(FILTERS[name]) for name in sorted(names)))
        for names in map(frozenset, ({"pet"}, {"appointment"}, {"pet", "appointment"}))
    }

    @router.get("/recordings/")
    def recordings(
        caller: Called,
        pet_id: PetId | None = None,
        appointment_id: AppointmentId | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        wanted = {"pet": pet_id, "appointment": appointment_id}
        filters = {name: value for name, value in wanted.items() if value is not None}
        values = {**filters, "practice": caller.practice, "limit": limit}
        with pool.connection() as connection:
            rows = connection.execute(listed[frozenset(filters)], values).fetchall()
        return _encoded([_shown(store, row) for row in rows])

    @router.post("/recordings/upload/initiate")
    def initiate(body: Upload, caller: Called) -> Response:
        made, now = uuid.uuid4(), datetime.now(UTC).replace(microsecond=0)
        name = f"rec-{made}.m4a"
        key = f"recordings/{now:%Y/%m/%d}/{name}"
        seconds = body.estimated_duration_seconds
        metadata = {} if seconds is None else {"estimated_duration_seconds": seconds}
        values = {
            "id": made, "appointment": body.appointment_id, "pet": body.pet_id, "name": name,
            "user": caller.user, "practice": caller.practice, "kind": body.recording_type,
            "original": body.filename, "mime": body.content_type, "key": key,
            "url": store.url(key), "now": now, "metadata": Jsonb(metadata),
        }  # fmt: skip
        with pool.connection() as connection:
            if connection.execute(INSERTED, values).rowcount == 0:
                raise HTTPException(404)
        post = store.presign_post(key, body.content_type, now)
        return _encoded({
            "recording_id": f"rec-{made}", "upload_url": post.url, "upload_fields": post.fields,
            "s3_key": key, "bucket": store.bucket, "expires_in": store.expires_s,
            "max_file_size": store.max_bytes,
        })  # fmt: skip

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


def _encoded(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")


def _shown(store: S3Store, row: dict[str, Any]) -> dict[str, Any]:
    duration = row["duration_seconds"]
    return {
        "id": f"rec-{row['id']}",
        "visit_id": _typed("visit", row["visit_id"]),
        "appointment_id": _typed("appt", row["appointment_id"]),
        "pet_id": f"pet-{row['pet_id']}",
        "recorded_by_user_id": _typed("user", row["recorded_by_user_id"]),
        "recording_type": row["recording_type"],
        "status": row["status"],
        "filename": row["filename"],
        "original_filename": row["original_filename"],
        "file_size_bytes": row["file_size_bytes"],
        "duration_seconds": duration,
        "duration_formatted": None if duration is None else _clock(int(duration)),
        "mime_type": row["mime_type"],
        "s3_url": row["s3_url"] or store.url(row["s3_key"]),
        "transcript_text": row["transcript_text"],
        "transcript_confidence": row["transcript_confidence"],
        "is_transcribed": bool(row["is_transcribed"]),
        "is_processing": bool(row["is_processing"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _typed(prefix: str, value: str | None) -> str | None:
    return None if value is None else f"{prefix}-{value}"


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
