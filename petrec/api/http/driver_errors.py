"""The database's errors for the log: state, rule, table and function, never a row's content.

A trigger may put a row into its message, and the server puts values into its own. Only the names
that the server sends in fields of their own are logged, and the function that failed.
"""

from collections.abc import Iterator

import psycopg
import sqlalchemy.exc

from petrec.postgres.raised import outermost_function

_LONGEST = 200


class DatabaseFailure(Exception):  # noqa: N818 what the log shows in place of the driver's error
    """A driver's error without its text, with its traceback."""


def describe(error: psycopg.Error) -> str:
    """Return what the server named: no message, no detail, no statement."""
    diag = error.diag
    function = outermost_function(diag.context or "")
    table = _joined(diag.schema_name, diag.table_name)
    column = f"column {diag.column_name}" if diag.column_name else ""
    rule = diag.constraint_name or (
        f"NOT NULL of {column}" if error.sqlstate == "23502" else column
    )
    parts = [
        f"SQLSTATE {error.sqlstate}" if error.sqlstate else type(error).__name__,
        rule and f"rule {rule}",
        table and f"table {table}",
        diag.datatype_name and f"type {diag.datatype_name}",
        function and f"function {function}",
        _about_objects(error),
    ]
    return ", ".join(part[:_LONGEST] for part in parts if part)


def _about_objects(error: psycopg.Error) -> str:
    """Return the server's message on privileges and names, which no field has; else nothing."""
    own = (error.sqlstate or "").startswith("42") and not error.diag.context
    return (error.diag.message_primary or "") if own else ""


def traceable(error: Exception) -> Exception:
    """Return an error whose traceback can be logged: itself, unless it comes from the driver's."""
    driver = next(_drivers(error), None)
    if driver is None:
        return error
    return DatabaseFailure(describe(driver)).with_traceback(error.__traceback__)


def _drivers(error: BaseException | None) -> Iterator[psycopg.Error]:
    """Yield the driver's errors among an error and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, sqlalchemy.exc.DBAPIError) and isinstance(error.orig, psycopg.Error):
            yield error.orig
        if isinstance(error, psycopg.Error):
            yield error
        error = error.__cause__ or error.__context__


def _joined(*names: str | None) -> str:
    return ".".join(name for name in names if name)
