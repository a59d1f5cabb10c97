"""Which refused requests become rows of api_logs, and what such a row holds."""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import Insert as Insertion
from sqlalchemy import Table, insert, select

from petrec.api.entities import Entity
from petrec.api.http.api_logs import ApiLogs, Insert, Values
from petrec.api.http.errors import ApiError
from petrec.api.http.request_ids import request_id
from petrec.api.pooled import Connection
from petrec.api.service import Service
from petrec.api.statements import CompiledStatement
from petrec.api.wire_columns import as_column
from petrec.schema import base_type

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_COLUMNS = ("created_at", "method", "path", "status_code", "error_code", "user_id", "request_id")
_TEXTS = ("text", "character varying", "character")
_MINUTE = timedelta(minutes=1)


class Rejections:
    """Notes refusals: method, path without its query, status, code, user, request; nothing else."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.logs = ApiLogs(service.database, self._find_insert)
        self.strangers = RowsPerMinute(service.options.anonymous_rows)
        self._statement: CompiledStatement | None = None

    def note(self, request: Request, refusal: ApiError) -> None:
        """Leave the row to the writer; returns at once and never fails."""
        user = getattr(request.state, "petrec_user", None)
        now = self.service.options.clock()
        if user is None and not self.strangers.take(now):
            return
        self.logs.add(
            {
                "created_at": now,
                "method": request.method[:16],
                "path": _CONTROLS.sub("?", request.url.path)[:500],
                "status_code": refusal.status,
                "error_code": refusal.code,
                "user_id": user,
                "request_id": request_id(),
            }
        )

    def _find_insert(self) -> Insert | None:
        """Return what inserts a row, None where there is no such table; errors: the database's."""
        clinic = self.service.clinic
        table = clinic.schema.tables.api_logs
        if table is None:
            return None
        if self._statement is None:
            self._statement = CompiledStatement(_insert_query(table))
        statement, takes = self._statement, _request_ids(table)

        def run(connection: Connection, row: Values) -> None:
            user, request = row["user_id"], row["request_id"]
            fitted = {
                "user_id": user if user and clinic.ids.fits(Entity.USER, user) else None,
                "request_id": request if request and takes(request) else None,
            }
            statement.run(connection, {**row, **fitted})

        return run


class RowsPerMinute:
    """Lets some rows through in each minute, the first ones; counts the rest."""

    def __init__(self, most: int) -> None:
        self.left_out = 0
        self._most = most
        self._taken = 0
        self._since: datetime | None = None
        self._lock = threading.Lock()

    def take(self, now: datetime) -> bool:
        """Return whether one more may be written."""
        with self._lock:
            if self._since is None or not timedelta(0) <= now - self._since < _MINUTE:
                self._since, self._taken = now, 0
            self._taken += 1
            if self._taken <= self._most:
                return True
            self.left_out += 1
            return False


def _insert_query(table: Table) -> Insertion:
    columns = [table.c[name] for name in _COLUMNS if name in table.c]
    values = select(*(as_column(column, column.key) for column in columns))
    return insert(table).from_select(columns, values)


def _request_ids(table: Table) -> Callable[[str], object]:
    """Return whether the column's type holds an id: a text any, a uuid one that looks like it."""
    kind = base_type(table.c.request_id) if "request_id" in table.c else ""
    if kind == "uuid":
        return _UUID.fullmatch
    return lambda _: kind in _TEXTS
