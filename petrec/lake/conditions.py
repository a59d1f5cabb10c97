"""The conditions of `[mapping.where]` for files: PostgreSQL's text, read and written by sqlglot."""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from petrec.errors import EngineFailedError, SchemaMismatchError
from petrec.lake.dialects import Transpiler
from petrec.lake.engine import Engine, View
from petrec.settings import LOGICAL_COLUMNS
from petrec.settings import Mapping as Settings


def read_columns(mapping: Settings, name: str) -> set[str]:
    """Return the columns of a table, by its own names, that petrec or its condition may read."""
    known = {
        mapping.column(name, column)
        for column in LOGICAL_COLUMNS[name]
        if f"{name}.{column}" not in mapping.ignore
    }
    condition = mapping.where.get(name)
    return known | (_columns(name, condition) if condition else set())


def written_condition(mapping: Settings, name: str, transpiler: Transpiler) -> str:
    """Return a table's condition as the engine reads it, empty without one.

    Errors: SchemaMismatchError.
    """
    condition = mapping.where.get(name)
    if not condition:
        return ""
    return transpiler.write_text(_parsed(name, condition).sql(dialect="postgres"))


def check_columns(mapping: Settings, name: str, found: set[str]) -> None:
    """Check that the files have the columns of a condition; errors: SchemaMismatchError."""
    condition = mapping.where.get(name)
    missing = sorted(_columns(name, condition) - found) if condition else []
    if missing:
        raise _refused(name, f"the files have no column {missing[0]}")


def register(engine: Engine, view: View) -> None:
    """Make files a view; errors: SchemaMismatchError for the condition, EngineFailedError."""
    try:
        engine.register(view)
    except EngineFailedError as error:
        if not view.condition:
            raise
        raise _refused(view.table, error.reason) from error


def _columns(name: str, condition: str) -> set[str]:
    """Return the names of a condition's columns; those without quotes are of small letters."""
    return {
        column.name if column.this.args.get("quoted") else column.name.lower()
        for column in _parsed(name, condition).find_all(exp.Column)
    }


def _parsed(name: str, condition: str) -> exp.Expression:
    try:
        tree = sqlglot.parse_one(f"({condition}\n)", read="postgres")
    except (SqlglotError, RecursionError) as error:
        raise _refused(name, _why(error)) from error
    if not isinstance(tree, exp.Paren) or tree.find(exp.Query):
        raise _refused(name, "it is not one condition on the table's columns")
    return tree


def _why(error: Exception) -> str:
    found = getattr(error, "errors", None)
    said = found[0].get("description") if found else ""
    return f"it cannot be parsed: {said}" if said else "it cannot be parsed"


def _refused(name: str, why: str) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"[mapping.where] {name} cannot be used: {why}",
        hint=f'write one condition on its columns, such as {name} = "deleted_at IS NULL"',
    )
