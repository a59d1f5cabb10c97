"""What PostgreSQL refuses for the sake of a row, and which object refused it.

Only names of objects are kept. A message, its detail and its context may hold a row's content.
SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Error
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.features.runs.retry import TRANSIENT, driver_error, is_lost
from petrec.postgres.raised import in_function, is_raised
from petrec.postgres.triggers import TriggerFunction, trigger_functions
from petrec.schema import Schema

# Triggers, cardinality, data, constraints, triggered changes, external routines, CHECK OPTION,
# limits such as the size of an index entry, and what PL/pgSQL raises.
_OF_A_ROW = frozenset({"09", "21", "22", "23", "27", "38", "39", "44", "54", "P0"})
# Resources, an operator, a system error, a read-only transaction: whatever function meets it.
_OF_THE_SERVER = frozenset({"08", "25", "53", "57", "58"})
_PRIVILEGE = "42501"
_BY_CLASS = {
    "22": "a value that does not fit",
    "23": "a constraint",
    "27": "a trigger that changes the same row",
    "54": "a limit of the server",
}
# The rows of these classes are refused one by one; another row may be accepted.
INTEGRITY = frozenset({"22", "23"})


@dataclass(frozen=True)
class Refusal:
    """Which object refused a row, and the SQLSTATE it gave."""

    sqlstate: str
    by: str

    def __str__(self) -> str:
        """Return the reason as it is stored and shown."""
        return f"refused by {self.by} (SQLSTATE {self.sqlstate})"

    @property
    def may_hit_all(self) -> bool:
        """Return whether the cause may lie outside the rows, so that every row meets it."""
        return self.sqlstate[:2] not in INTEGRITY


class RowsRefusedError(Exception):
    """A batch was rolled back since the database refused at least one of its rows."""

    def __init__(self, page: Sequence[int], error: DBAPIError) -> None:
        super().__init__()
        self.page = page
        self.error = error


def is_refusal(error: DBAPIError) -> bool:
    """Return whether the database refused a row, so that others may still be written."""
    inner = driver_error(error)
    if inner is not None and is_raised(inner):
        return True
    if inner is None or isinstance(inner, TRANSIENT) or is_lost(error):
        return False
    state = inner.sqlstate or ""
    if state[:2] in _OF_A_ROW or state == _PRIVILEGE:
        return True
    # Inside a function a statement may fail with any other SQLSTATE.
    return in_function(inner) and bool(state) and state[:2] not in _OF_THE_SERVER


def may_pass(error: DBAPIError) -> bool:
    """Return whether a trigger refuses a row with a SQLSTATE that tells the client to retry."""
    inner = driver_error(error)
    return inner is not None and is_raised(inner) and isinstance(inner, TRANSIENT)


def name_refusal(connection: Connection, schema: Schema, error: DBAPIError) -> Refusal:
    """Return which object refused a row; triggers are named after the catalog."""
    inner = driver_error(error)
    assert inner is not None  # noqa: S101 - see `is_refusal`
    by = _constraint(inner)
    if by is None:
        by = _trigger(inner, trigger_functions(connection, schema)) or _by_class(inner)
    return Refusal(inner.sqlstate or "", by)


def cause_of(error: DBAPIError) -> str:
    """Return why a statement failed in words that hold no content of a row."""
    inner = driver_error(error)
    if inner is None or inner.sqlstate is None:
        return "the connection failed" if inner is not None else type(error).__name__
    by = _constraint(inner) or type(inner).__name__
    return f"{by} (SQLSTATE {inner.sqlstate})"


def _constraint(error: Error) -> str | None:
    diag = error.diag
    if is_raised(error):
        # RAISE ... USING CONSTRAINT takes any text.
        return None
    owner = f" of {diag.table_name}" if diag.table_name else ""
    if diag.constraint_name:
        owner = owner or (f" of domain {diag.datatype_name}" if diag.datatype_name else "")
        return f'constraint "{diag.constraint_name}"{owner}'
    if diag.column_name:
        return f'NOT NULL on column "{diag.column_name}"{owner}'
    return None


def _trigger(error: Error, triggers: Sequence[TriggerFunction]) -> str | None:
    """Return the trigger of the outermost function, which the context names last."""
    context = error.diag.context or ""
    found = [(context.rfind(f"{one.function}("), one) for one in triggers]
    place, trigger = max(found, key=lambda pair: pair[0], default=(-1, None))
    if trigger is None or place < 0:
        return None
    return f'trigger "{trigger.name}" on {trigger.table} (function {trigger.function})'


def _by_class(error: Error) -> str:
    state = error.sqlstate or ""
    if state == _PRIVILEGE:
        # The name of the server's own C function is not translated.
        policy = error.diag.source_function == "ExecWithCheckOptions"
        return "a row level security policy" if policy else "a missing privilege"
    if state == "23514":
        return "the partitions: none has a place for the row"
    return _BY_CLASS.get(state[:2], "a trigger or function")
