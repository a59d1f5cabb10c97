"""A complete host: its own users, sessions and routes, and petrec's router beside them."""

import logging
import os
from hashlib import sha256

from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import Engine, create_engine, text

from petrec.api import (
    Actor,
    BucketAddress,
    Credentials,
    RequestIds,
    S3Store,
    Uploaded,
    add_document,
    build_router,
)

logger = logging.getLogger("clinic")
_SESSION = text(
    "SELECT u.id::text, u.role, u.practice_id::text"
    " FROM sessions s JOIN users u ON u.id = s.user_id"
    " WHERE s.token_hash = :token_hash AND s.expires_at > now()"
)


class Sessions:
    """The host's own sessions, of which the database keeps the hashes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def current(self, request: Request) -> Actor | None:
        """Return who calls; for None the router answers 401."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._engine.connect() as connection:
            found = connection.execute(
                _SESSION, {"token_hash": sha256(token.encode()).hexdigest()}
            ).first()
        return None if found is None else Actor(*found)


def bucket() -> S3Store:
    """Return the store of the recordings, as the environment names it."""
    address = BucketAddress(
        os.environ["BUCKET"], endpoint=os.environ.get("S3_ENDPOINT"), path_style=True
    )
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    return S3Store(address, lambda: keys)


def transcribe(event: Uploaded) -> None:
    """Start the work on a recording, which has its file and its pet."""
    logger.warning("Recording %s of pet %s is complete", event.recording_id, event.pet_id)


def create_app() -> FastAPI:
    """Return the host."""
    # Connections beyond the pool would be opened and closed for each request.
    url, pool = os.environ["DATABASE_URL"], {"pool_size": 10, "max_overflow": 0}
    engine = create_engine(url, **pool, pool_use_lifo=True)
    router = build_router(
        engine, store=bucket(), current_actor=Sessions(engine).current, on_uploaded=transcribe
    )
    # The document is petrec's, with the ids of this database.
    app = FastAPI(openapi_url=None)
    app.add_middleware(RequestIds)
    app.include_router(router)
    add_document(app, router, page="/docs")

    @app.get("/own")
    def own() -> dict[str, str]:
        raise HTTPException(418, "the host's own format")

    return app
