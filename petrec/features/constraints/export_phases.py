"""Steps as phases that can be run again: each with the question whether it is still needed."""

import re
from dataclasses import dataclass

from petrec.errors import UsageError
from petrec.features.constraints.result import Step

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_TABLE = rf"(?P<table>{_NAME}\.{_NAME})"
_IN_TABLE = (
    "SELECT FROM pg_constraint WHERE conrelid = to_regclass({table}) AND conname = {name}"
)  # fmt: skip
_COLUMN = (
    "SELECT FROM pg_attribute WHERE attrelid = to_regclass({table}) AND attname = {column}"
    " AND NOT attisdropped"
)
_INDEX = "SELECT FROM pg_index WHERE indexrelid = to_regclass({index})"
# What another role builds is not to be seen: it may be this.
_BUILT = (
    "SELECT FROM pg_stat_progress_create_index WHERE index_relid = to_regclass({index})"
    " OR index_relid IS NULL AND datname = current_database()"
)
_BROKEN = f"EXISTS ({_INDEX} AND NOT indisvalid) AND NOT EXISTS ({_BUILT})"
_NOT_NULL = f"EXISTS ({_COLUMN} AND attnotnull)"
_ALTER = rf"ALTER TABLE {_TABLE} "
_ADD = rf"{_ALTER}ADD CONSTRAINT (?P<name>{_NAME}) "
# What a statement looks like, and what must hold for it to be needed.
_FORMS = (
    (rf"CREATE INDEX CONCURRENTLY (?P<name>{_NAME}) ON {_TABLE} ",
     f"NOT EXISTS ({_INDEX} AND indisvalid)"),
    (rf"CREATE INDEX (?P<name>{_NAME}) ON ONLY {_TABLE} ", f"NOT EXISTS ({_INDEX})"),
    (rf"{_ADD}FOREIGN KEY ", f"NOT EXISTS ({_IN_TABLE})"),
    (rf"{_ADD}NOT NULL (?P<column>{_NAME}) ", f"NOT EXISTS ({_IN_TABLE}) AND NOT {_NOT_NULL}"),
    (rf"{_ADD}CHECK \((?P<column>{_NAME}) IS NOT NULL\)",
     f"NOT EXISTS ({_IN_TABLE}) AND NOT {_NOT_NULL}"),
    (rf"{_ALTER}VALIDATE CONSTRAINT (?P<name>{_NAME})$",
     f"EXISTS ({_IN_TABLE} AND NOT convalidated)"),
    (rf"{_ALTER}DROP CONSTRAINT (?P<name>{_NAME})$",
     # From 18 on NOT NULL itself may bear the name of the check that carries it in before.
     f"EXISTS ({_IN_TABLE} AND contype <> 'n')"),
    (rf"{_ALTER}ALTER COLUMN (?P<column>{_NAME}) SET NOT NULL$", f"NOT {_NOT_NULL}"),
    (rf"{_ALTER}ALTER COLUMN (?P<column>{_NAME}) DROP NOT NULL$", _NOT_NULL),
    (rf"{_ALTER}ADD COLUMN (?P<column>{_NAME}) ", f"NOT EXISTS ({_COLUMN})"),
    (rf"CREATE TABLE {_TABLE} ", "to_regclass({table}) IS NULL"),
)  # fmt: skip
_DROP = re.compile(rf"DROP INDEX (?:CONCURRENTLY )?(?P<index>{_NAME}\.{_NAME})$")
_CREATE = re.compile(_FORMS[0][0])


@dataclass(frozen=True)
class Phase:
    """A statement for each row of a query, and how long its lock may wait.

    With `of`, the query is a shared one, named, which takes these values as literals.
    """

    query: str
    lock_timeout_ms: int
    sql: str
    of: dict[str, str] | None = None


def phases(steps: list[Step], lock_timeout_ms: int, *, forward: bool) -> list[Phase]:
    """Return the phases of some steps; a build is preceded by dropping what a failed one left."""
    made: list[Phase] = []
    for step in steps:
        left_over = _left_over(step.sql) if forward else None
        if left_over is not None:
            made.append(left_over)
        if not (forward and _DROP.match(step.sql)):
            limit = lock_timeout_ms if step.waits == "short" else 0
            made.append(Phase(needed(step.sql), limit, braced(step.sql)))
    return made


def asked_further(phase: Phase, condition: str) -> Phase:
    """Return a phase whose query has one more condition."""
    return Phase(phase.query + condition, phase.lock_timeout_ms, phase.sql, phase.of)


def _left_over(sql: str) -> Phase | None:
    found = _CREATE.match(sql)
    if found is None:
        return None
    index = _in_schema(found)
    query = f"SELECT 1 WHERE {_BROKEN.format(index=literal(index))}"
    return Phase(query, 0, braced(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))


def needed(sql: str) -> str:
    """Return the query for one statement; errors: UsageError for one of an unknown form."""
    dropped = _DROP.match(sql)
    if dropped is not None:
        return f"SELECT 1 WHERE to_regclass({literal(dropped['index'])}) IS NOT NULL"
    for pattern, condition in _FORMS:
        found = re.match(pattern, sql)
        if found is not None:
            return f"SELECT 1 WHERE {condition.format(**_literals(found))}"
    raise UsageError(
        f"this step cannot be written as a migration: {sql}",
        hint="run it by petrec constraints apply, or take the script of plan --sql",
    )


def _literals(found: re.Match[str]) -> dict[str, str]:
    parts = found.groupdict()
    values = {key: literal(_bare(parts[key])) for key in ("name", "column") if parts.get(key)}
    values["table"] = literal(parts["table"])
    if "name" in values:
        values["index"] = literal(_in_schema(found))
    return values


def _in_schema(found: re.Match[str]) -> str:
    """Return an index's name in its table's schema."""
    schema = re.match(_NAME, found["table"])
    return f"{schema[0] if schema else ''}.{found['name']}"


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def literal(value: str) -> str:
    """Return a string for SQL."""
    return "'" + value.replace("'", "''") + "'"


def array(values: list[str]) -> str:
    """Return an array of strings for SQL."""
    return f"ARRAY[{', '.join(map(literal, values))}]"


def braced(sql: str) -> str:
    """Return a statement, or a part of one, in which no row's values are to be put."""
    return sql.replace("{", "{{").replace("}", "}}")
