"""Refused rows, and the object that refused them.

Only names of objects are kept. A message, its detail and its context may hold a row's content.
SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Error
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.errors import INSUFFICIENT_PRIVILEGE, constraint_of, driver_error
from petrec.postgres.raised import called_functions
from petrec.postgres.triggers import TriggerFunction, trigger_functions
from petrec.schema import Schema

_BY_CLASS = {
    "22": "a value that does not fit",
    "23": "a constraint",
    "27": "a trigger that changes the same row",
    "54": "a limit of the server",
}
# The rows of these classes are refused one by one; another row may be accepted.
INTEGRITY = frozenset({"22", "23"})


@dataclass(frozen=True)
class RowRefusal:
    """Which object refused a row, and the SQLSTATE it gave."""

    sqlstate: str
    by: str

    def __str__(self) -> str:
        """Return the reason as it is stored and shown."""
        return f"refused by {self.by} (SQLSTATE {self.sqlstate})"

    @property
    def may_hit_all(self) -> bool:
        """Return whether the cause may be outside the rows, so that every row would be refused."""
        return self.sqlstate[:2] not in INTEGRITY


class RowsRefusedError(Exception):
    """A batch was rolled back because the database refused at least one of its rows."""

    def __init__(self, page: Sequence[int], error: DBAPIError) -> None:
        super().__init__()
        self.page = page
        self.error = error


def name_refusal(connection: Connection, schema: Schema, error: DBAPIError) -> RowRefusal:
    """Return which object refused a row; the names of triggers come from the catalog."""
    inner = driver_error(error)
    assert inner is not None  # noqa: S101 - see `is_refusal`
    by = constraint_of(inner)
    if by is None:
        by = _trigger(inner, trigger_functions(connection, schema)) or _by_class(inner)
    return RowRefusal(inner.sqlstate or "", by)


def _trigger(error: Error, triggers: Sequence[TriggerFunction]) -> str | None:
    """Return the trigger of the outermost function, which the context names last."""
    for called in reversed(called_functions(error.diag.context or "")):
        for trigger in triggers:
            if called == trigger.function or called.endswith(f".{trigger.function}"):
                return f'trigger "{trigger.name}" on {trigger.table} (function {trigger.function})'
    return None


def _by_class(error: Error) -> str:
    state = error.sqlstate or ""
    if state == INSUFFICIENT_PRIVILEGE:
        # The name of the server's C function is not translated.
        policy = error.diag.source_function == "ExecWithCheckOptions"
        return "a row-level security policy" if policy else "a missing privilege"
    if state == "23514":
        return "the partitioned table, which has no partition for the row"
    return _BY_CLASS.get(state[:2], "a trigger or function")
