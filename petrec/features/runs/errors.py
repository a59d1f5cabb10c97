"""The meaning of a database error for a run: a refused row, a retry, or a new connection.

SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from petrec.postgres.errors import lost
from petrec.postgres.raised import in_function, is_raised

TRANSIENT = (
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.QueryCanceled,
)
# Triggers, cardinality, data, constraints, triggered changes, external routines, CHECK OPTION,
# limits such as the size of an index entry, and what PL/pgSQL raises.
_OF_A_ROW = frozenset({"09", "21", "22", "23", "27", "38", "39", "44", "54", "P0"})
# Resources, an operator, a system error, a read-only transaction; inside any function.
_OF_THE_SERVER = frozenset({"08", "25", "53", "57", "58"})
INSUFFICIENT_PRIVILEGE = "42501"


def driver_error(error: DBAPIError | psycopg.Error) -> psycopg.Error | None:
    """Return psycopg's own error."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    return inner if isinstance(inner, psycopg.Error) else None


def is_transient(error: DBAPIError) -> bool:
    """Return whether a retry on the same connection may succeed."""
    return isinstance(driver_error(error), TRANSIENT)


def is_lost(error: DBAPIError | psycopg.Error) -> bool:
    """Return whether a new connection is needed."""
    inner = driver_error(error)
    return inner is not None and lost(inner)


def is_refusal(error: DBAPIError) -> bool:
    """Return whether the database refused a row, so that others may still be written."""
    inner = driver_error(error)
    if inner is not None and is_raised(inner):
        return True
    if inner is None or isinstance(inner, TRANSIENT) or is_lost(error):
        return False
    state = inner.sqlstate or ""
    if state[:2] in _OF_A_ROW or state == INSUFFICIENT_PRIVILEGE:
        return True
    # Inside a function a statement may fail with any other SQLSTATE.
    return in_function(inner) and bool(state) and state[:2] not in _OF_THE_SERVER


def may_pass(error: DBAPIError) -> bool:
    """Return whether a trigger refuses a row with a SQLSTATE that asks the client to retry."""
    inner = driver_error(error)
    return inner is not None and is_raised(inner) and isinstance(inner, TRANSIENT)


def cause_of(error: DBAPIError) -> str:
    """Return why a statement failed, without any content of rows."""
    inner = driver_error(error)
    if inner is None or inner.sqlstate is None:
        return "the connection failed" if inner is not None else type(error).__name__
    by = constraint_of(inner) or type(inner).__name__
    return f"{by} (SQLSTATE {inner.sqlstate})"


def constraint_of(error: psycopg.Error) -> str | None:
    """Return the constraint that refused a row, as the server names it."""
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
