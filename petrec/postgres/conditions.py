"""The conditions of `[mapping.where]`: each is one boolean expression over its table's columns."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.errors import PermissionMissingError, PetrecError, SchemaMismatchError
from petrec.schema.build import SYSTEM_COLUMNS
from petrec.settings import Mapping

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
# In such a text a backslash would hide a quote.
_ESCAPES = re.compile(r"\be''", re.IGNORECASE)
# What could end the expression, hide a part of it, or read another table. Without a backslash or
# a dollar sign, a quoted text ends at its quote, with any setting of the server.
_FORBIDDEN = re.compile(r"""--|/\*|[;\\$'"\0]|\b(select|values|table|with)\b""", re.IGNORECASE)
# WHERE takes no aggregate and no window function, and the planner moves a condition into a
# subquery only if it finds nothing volatile there:
# https://www.postgresql.org/docs/current/xfunc-volatility.html
_PLAN = sql.SQL(
    "EXPLAIN (FORMAT JSON, COSTS OFF) SELECT FROM"
    " (SELECT DISTINCT ({condition}) AS petrec_holds, ({system_columns}) IS NULL AS petrec_gone"
    " FROM {table} WHERE {condition}) AS petrec_rows"
    " WHERE petrec_holds"
)

# Errors that only the expression itself can cause: values, syntax, size, functions.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_OF_THE_CONDITION = frozenset({"0A", "22", "42", "54", "P0"})


def check_conditions(connection: Connection, mapping: Mapping, names: Iterator[str]) -> None:
    """Check the conditions on the tables named; errors: SchemaMismatchError."""
    for name in names:
        if name in mapping.where:
            _check(connection, mapping, name, mapping.where[name])


def _check(connection: Connection, mapping: Mapping, name: str, condition: str) -> None:
    if (fault := _fault(condition)) is not None:
        raise _refused(name, fault)
    table = sql.Identifier(mapping.schema, mapping.table(name))
    # Trusted as far as `_fault` goes: an expression has no parameters that could carry it.
    text = sql.SQL(condition)
    # The driver reads a percent sign as a parameter, and a double one as a single one.
    plan = _PLAN.format(condition=text, table=table, system_columns=sql.SQL(SYSTEM_COLUMNS))
    query = plan.as_string().replace("%", "%%")
    try:
        (plans,) = connection.exec_driver_sql(query).one()
    except DBAPIError as error:
        refused = _fault_found(name, error.orig)
        if refused is None:
            raise
        raise refused from error
    if _filters_late(plans[0]["Plan"]):
        raise _refused(name, "it calls a volatile function, so two reads could differ")


def _fault(condition: str) -> str | None:
    """Return why a text is not one expression, as far as its form shows."""
    quoted = _QUOTED.sub("''", condition)
    if _ESCAPES.search(quoted):
        return "it must not contain E''"
    bare = quoted.replace("''", " ")
    if not bare.strip() and not condition.strip():
        return "it is empty"
    if found := _FORBIDDEN.search(bare):
        return f"{found[0]!r} is not allowed in it"
    depth = 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    return "its parentheses do not match" if depth else None


def _fault_found(name: str, error: BaseException | None) -> PetrecError | None:
    """Return why the server refuses a condition; None if the failure is temporary."""
    if not isinstance(error, psycopg.Error):
        return None
    said = error.diag.message_primary
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        # Of system columns, too: https://www.postgresql.org/docs/current/sql-grant.html
        hint = "GRANT SELECT on the whole table: with a condition, its system columns are read, too"
        return PermissionMissingError(f"[mapping.where] {name} cannot be read: {said}", hint=hint)
    known = (error.sqlstate or "")[:2] in _OF_THE_CONDITION
    return _refused(name, f"PostgreSQL says: {said}") if known else None


def _filters_late(plan: dict[str, Any]) -> bool:
    late = plan["Node Type"] == "Subquery Scan" and "Filter" in plan
    return late or any(map(_filters_late, plan.get("Plans", ())))


def _refused(name: str, why: str) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"[mapping.where] {name} cannot be used: {why}",
        hint=f'write one condition on its columns, such as {name} = "deleted_at IS NULL"',
    )
