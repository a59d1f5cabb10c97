"""A router on the clinic, with a caller that the test chooses."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
from fastapi import FastAPI, Request
from sqlalchemy import Engine, create_engine, event

from petrec.api import Actor, ApiError, ClinicPolicy, build_router
from petrec.api.http.api_logs import ApiLogs
from tests.plugins.databases import Database
from tests.plugins.memory_store import MemoryStore
from tests.plugins.shared_statements import share_statements

ADMIN = "3d517fe6-ebab-7b8c-fcf9-8db6259c8a59"


def actor_from_headers(request: Request) -> Actor:
    """Trust headers, as a host does behind its own check."""
    header = request.headers.get
    user = header("x-user")
    if user is None or header("x-expired"):
        raise ApiError(401, "not_authenticated", "Not authenticated")
    return Actor(user, header("x-role", "vet"), header("x-practice"), header("x-owner"))


def watch(engine: Engine, seen: Callable[[str, Any], None]) -> None:
    """Tell of each statement with its values, of each commit and rollback; from now on."""

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            seen(query, params)
            return super().execute(query, params, **options)

    class Connection(psycopg.Connection[Any]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.cursor_factory = Cursor

        def commit(self) -> None:
            seen("commit", None)
            super().commit()

        def rollback(self) -> None:
            seen("rollback", None)
            super().rollback()

    event.listen(
        engine, "do_connect", lambda _, __, args, named: Connection.connect(*args, **named)
    )


def keep_adapters() -> None:
    """Build what validates a field once for all applications: it is most of what one costs.

    The annotation tells models of one name apart; what a field's text names stays, lest another
    object gets its address. Older versions of FastAPI have no such place.
    """
    try:
        from fastapi._compat import v2
    except ImportError:
        return
    build = v2.ModelField.__post_init__
    kept: dict[Any, v2.ModelField] = {}

    def build_once(field: v2.ModelField) -> None:
        key = (field.field_info.annotation, repr(v2.asdict(field.field_info)), repr(field.config))
        try:
            field._type_adapter = kept[key]._type_adapter
        except (KeyError, TypeError) as missing:
            build(field)
            if isinstance(missing, KeyError):
                kept[key] = field

    v2.ModelField.__post_init__ = build_once  # type: ignore[assignment,method-assign]


keep_adapters()


class Client:
    """A synchronous face of httpx on an application in this process."""

    def __init__(self, app: FastAPI, headers: dict[str, str]) -> None:
        self.logs: ApiLogs | None = getattr(app.state, "api_logs", None)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.runner = asyncio.Runner()
        self.http = httpx.AsyncClient(
            transport=transport, base_url="http://clinic.test", headers=headers
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer, with the row of a refusal written."""
        answer = self.runner.run(self.http.request(method, path, **options))
        if self.logs is not None and answer.status_code >= 400:
            assert self.logs.settle(60)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.close()


class Api:
    """An application with the router, on one database.

    It `shares` its statements with others whose code has the same changes, by what they are called.
    """

    def __init__(self, database: Database, *, shares: str | None = None, **parts: Any) -> None:
        self.database = database
        dsn = database.cluster.dsn(database.name, parts.pop("user", "postgres"))
        url = dsn.replace("postgresql:", "postgresql+psycopg:")
        self.engine: Engine = create_engine(url, pool_size=20)
        self.store = parts.pop("store", MemoryStore())
        self.app = FastAPI()
        self.router = build_router(
            self.engine,
            store=self.store,
            current_actor=actor_from_headers,
            **{"policy": ClinicPolicy(frozenset({"admin"})), **parts},
        )
        self.app.include_router(self.router)
        if shares is not None and "policy" not in parts:
            share_statements(self.router.service, shares)
        self.app.state.api_logs = self.router.rejections.logs
        self.client = Client(self.app, headers=admin())

    def close(self) -> None:
        self.client.close()
        self.engine.dispose()


def admin() -> dict[str, str]:
    return {"x-user": ADMIN, "x-role": "admin"}
