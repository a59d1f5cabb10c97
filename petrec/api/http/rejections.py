"""Rows of api_logs: one for every refused request, in a transaction of its own."""

import logging
import re

import psycopg
import sqlalchemy.exc
from fastapi import Request
from sqlalchemy import Insert, Table, insert, select

from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError
from petrec.api.service import Clinic, Service
from petrec.api.statements import CompiledStatement
from petrec.api.wire_columns import as_column
from petrec.errors import PetrecError

logger = logging.getLogger("petrec.api")

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_COLUMNS = ("created_at", "method", "path", "status_code", "error_code", "user_id")


class Rejections:
    """Notes refusals: method, path without its query, status, code, user; nothing else."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._statement: CompiledStatement | None = None

    def note(self, request: Request, refusal: ApiError) -> None:
        """Write the row; a failure to do so is logged and changes nothing for the client."""
        try:
            clinic = self.service.clinic
            table = clinic.schema.tables.api_logs
            if table is not None:
                self._write(clinic, table, request, refusal)
        except (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, PetrecError) as error:
            known = {"error_code": refusal.code, "reason": type(error).__name__}
            logger.warning("Could not write a refused request to api_logs", extra=known)

    def _write(self, clinic: Clinic, table: Table, request: Request, refusal: ApiError) -> None:
        if self._statement is None:
            self._statement = CompiledStatement(_insert(table))
        user = getattr(request.state, "petrec_user", None)
        values = {
            "created_at": self.service.options.clock(),
            "method": request.method[:16],
            "path": _CONTROLS.sub("?", request.url.path)[:500],
            "status_code": refusal.status,
            "error_code": refusal.code,
            "user_id": user if user and clinic.ids.fits(Entity.USER, user) else None,
        }
        with self.service.database.writing() as connection:
            self._statement.run(connection, values)


def _insert(table: Table) -> Insert:
    columns = [table.c[name] for name in _COLUMNS if name in table.c]
    values = select(*(as_column(column, column.key) for column in columns))
    return insert(table).from_select(columns, values)
