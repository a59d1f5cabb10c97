"""A FastAPI application with its own users, its own routes, and petrec's router beside them."""

from collections.abc import Callable

from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import Engine

from petrec.api import Actor, ClinicPolicy, ObjectStore, Uploaded, build_router


class Sessions:
    """The host's own sessions: a stand-in for what the application has already."""

    def __init__(self, actors: dict[str, Actor]) -> None:
        self._actors = actors

    def current(self, request: Request) -> Actor:
        """Return who calls, by the host's cookie."""
        actor = self._actors.get(request.cookies.get("session", ""))
        if actor is None:
            raise HTTPException(401)
        return actor


def make_host(
    engine: Engine, store: ObjectStore, sessions: Sessions, transcribe: Callable[[str], None]
) -> FastAPI:
    """Return the host; each part is handed in, so that a test can hand in another."""
    app = FastAPI()

    def uploaded(event: Uploaded) -> None:
        transcribe(event.recording_id)

    @app.get("/own")
    def own() -> dict[str, str]:
        raise HTTPException(418, "the host's own format")

    app.include_router(
        build_router(
            engine,
            store=store,
            current_actor=sessions.current,
            policy=ClinicPolicy(),
            on_uploaded=uploaded,
        )
    )
    return app
