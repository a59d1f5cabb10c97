"""The router, and the bare endpoints that it is compared with: the same SQL, the same bodies.

The bare ones are what one would write by hand on FastAPI and psycopg: a pool, no access rules, no
ids to check, no error format. Their SQL is the router's own, as it sends it for staff.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import LifoQueue
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine

from petrec.api import Actor, build_router
from petrec.api.access import staff
from petrec.api.host.store import S3Store
from petrec.api.http.cursor import After
from petrec.api.recordings.queries import page_query
from petrec.api.recordings.shape import clock_face
from petrec.api.statements import CompiledStatement
from petrec.api.uploads.insert import insert_query
from petrec.api.uploads.wire import InitiateIn
from petrec.postgres.preflight import load_schema
from petrec.settings import Mapping
from petrec.storage import BucketAddress, Credentials

CONNECTIONS = 10
STORE = S3Store(
    BucketAddress("clinic-recordings", "eu-central-1"), lambda: Credentials("key", "secret")
)


async def actor(request: Request) -> Actor:
    """Trust headers: verifying a token is no part of what is compared."""
    return Actor(request.headers["x-user"], "vet", request.headers["x-practice"])


def engine() -> Any:
    """Connect to the database that the environment names."""
    url = os.environ["PETREC_BENCH_DSN"].replace("postgresql:", "postgresql+psycopg:")
    return create_engine(url, pool_size=CONNECTIONS, pool_use_lifo=True)


def router_app() -> FastAPI:
    """Mount the router."""
    app = FastAPI()
    app.include_router(build_router(engine(), store=STORE, current_actor=actor))
    return app


class _Pool:
    def __init__(self, autocommit: bool) -> None:
        self.idle: LifoQueue[psycopg.Connection[Any]] = LifoQueue()
        for _ in range(CONNECTIONS):
            dsn = os.environ["PETREC_BENCH_DSN"]
            connected = psycopg.connect(dsn, row_factory=dict_row, autocommit=autocommit)
            self.idle.put(connected)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        connection = self.idle.get()
        try:
            yield connection
        finally:
            self.idle.put(connection)


def bare_app() -> FastAPI:
    """Answer the same two paths by hand."""
    with engine().connect() as connection:
        schema = load_schema(connection, Mapping())
    scope = staff(schema)
    listing = CompiledStatement(page_query(schema, scope, frozenset({"pet_id"}), After.TOP))
    inserting = CompiledStatement(insert_query(schema, scope, False))
    app, reads, writes = FastAPI(), _Pool(autocommit=True), _Pool(autocommit=False)

    @app.get("/api/v1/recordings/")
    def recordings(request: Request, pet_id: str, limit: int = 50) -> JSONResponse:
        values = listing.fixed | _caller(request)
        values |= {"pet_id": pet_id, "limit": limit, "fetch": limit + 1}
        with reads.connection() as connection:
            rows = connection.execute(listing.sql, values).fetchall()
        return JSONResponse([_shown(row) for row in rows[:limit]])

    @app.post("/api/v1/recordings/upload/initiate")
    def initiate(request: Request, body: InitiateIn) -> JSONResponse:
        made, now = str(uuid.uuid4()), datetime.now(UTC).replace(microsecond=0)
        key = f"recordings/{now:%Y/%m/%d}/rec-{made}.m4a"
        values = inserting.fixed | _caller(request) | _row(request, body, made, key, now)
        with writes.connection() as connection, connection.transaction():
            connection.execute(inserting.sql, values).fetchone()
        post = STORE.presign_post(key, body.content_type, now)
        return JSONResponse({
            "recording_id": f"rec-{made}", "upload_url": post.url, "upload_fields": post.fields,
            "s3_key": key, "bucket": STORE.bucket, "expires_in": STORE.expires_s,
            "max_file_size": STORE.max_bytes,
        })  # fmt: skip

    return app


def _caller(request: Request) -> dict[str, Any]:
    header = request.headers
    return {"actor_user": header["x-user"], "actor_practice": header["x-practice"]}


def _row(
    request: Request, body: InitiateIn, made: str, key: str, now: datetime
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": made, "appointment_id": body.appointment_id, "pet_id": body.pet_id,
        "recorded_by_user_id": request.headers["x-user"], "recording_type": body.recording_type,
        "status": "pending", "filename": key.rpartition("/")[2],
        "original_filename": body.filename, "mime_type": body.content_type, "s3_key": key,
        "s3_url": STORE.url(key), "is_transcribed": False, "is_processing": False,
        "recording_metadata": Jsonb({}), "created_at": now, "updated_at": now,
    }  # fmt: skip


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    visit, appointment = row["visit_id"], row["appointment_id"]
    duration, confidence = row["duration_seconds"], row["transcript_confidence"]
    return {
        "id": f"rec-{row['id']}",
        "visit_id": f"visit-{visit}" if visit is not None else None,
        "appointment_id": f"appt-{appointment}" if appointment is not None else None,
        "pet_id": f"pet-{row['pet_id']}",
        "recorded_by_user_id": f"user-{row['recorded_by_user_id']}",
        "recording_type": row["recording_type"],
        "status": row["status"],
        "filename": row["filename"],
        "original_filename": row["original_filename"],
        "file_size_bytes": row["file_size_bytes"],
        "duration_seconds": float(duration) if duration is not None else None,
        "duration_formatted": clock_face(duration),
        "mime_type": row["mime_type"],
        "s3_url": row["s3_url"] or STORE.url(row["s3_key"]),
        "transcript_text": row["transcript_text"],
        "transcript_confidence": float(confidence) if confidence is not None else None,
        "is_transcribed": bool(row["is_transcribed"]),
        "is_processing": bool(row["is_processing"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
