"""One batch as a script for psql: the statements that a run executes, with literal values.

petrec's own tables are temporary ones in it, so that nothing has to be installed to look at it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from sqlalchemy import ClauseElement, Connection, Executable, Table, select, text, update
from sqlalchemy.schema import CreateTable

from petrec.documents.safe_text import plain
from petrec.features.backfill.record import plan_query
from petrec.features.backfill.selection import Selection
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.batches.items import numbers_of, page_query
from petrec.features.runs.batches.rewritten import IMMEDIATE, drift_statements
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.driver.prepared import SESSION
from petrec.features.runs.journal.tables import (
    SCHEMA,
    changes,
    link_changes,
    plan_items,
    runs,
    skips,
)
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.postgres.connection import read_place
from petrec.postgres.triggers import trigger_functions
from petrec.schema import Schema
from petrec.version import __version__

# A batch of a run has as many rows as its target time allows; here the person decides.
ROWS = 100
_TEMPORARY: Any = {"schema_translate_map": {SCHEMA: "pg_temp"}, "render_schema_translate": True}
# As the dialect compiles for the driver: a parameter, or a percent sign.
_PLACEHOLDER = re.compile(r"%\((.*?)\)s|%%")
_PATH = text("SELECT current_setting('search_path')")
_HEAD = (
    "-- The transaction is rolled back at the end; until then the rows are locked.",
    "-- Temporary tables replace petrec's own: the role needs TEMPORARY on the database.",
    "-- A run uses parameters instead of these literals, and plans once: its plans may differ.",
    "-- Where it can lock every appointment, it does not read them again.",
    "-- It defers a row whose appointment another session holds; this script judges it, too.",
    "-- psql -v explain='EXPLAIN (ANALYZE, BUFFERS)' -f FILE shows how each statement is executed.",
    "\\set ON_ERROR_STOP on",
    "\\if :{?explain}",
    "\\else",
    "\\set explain ''",
    "\\endif",
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;",
)
_RUN = (
    "INSERT INTO pg_temp.runs (action, state, target, role, host, pid, version)\n"
    "VALUES ('backfill', 'running', '{}', current_user, '', pg_backend_pid(), '');"
)


def batch_script(
    connection: Connection, schema: Schema, target: Target, selection: Selection
) -> str:
    """Return the script of a batch with the first recordings of a selection."""
    size = min(selection.limit or ROWS, 10 * ROWS)
    now = datetime.now(UTC)
    run = Run(1, Action.BACKFILL, RunState.RUNNING, target, now, now)
    title = f"petrec {__version__}: the first {size} rows of a backfill of {target.table}"
    lines = [_remark(title), _remark(read_place(connection)), *map(_remark, target.only), *_HEAD]
    lines += [f"SET LOCAL search_path = {connection.scalar(_PATH)};"]
    for words, statement in _statements(connection, schema, run, selection, size):
        lines += ["", _remark(words), statement]
    return "\n".join([*lines, "", "ROLLBACK;"]) + "\n"


def _statements(
    connection: Connection, schema: Schema, run: Run, selection: Selection, size: int
) -> Iterator[tuple[str, str]]:
    """Yield the statements in their order, each with what it does."""
    numbers = numbers_of(range(1, size + 1))

    def shown(statement: Executable | ClauseElement, **values: Any) -> str:
        return f":explain {_literal(connection, statement, values)};"

    work = backfill_work(schema)
    work.watched = bool(trigger_functions(connection, schema))
    made = (runs, plan_items, changes, skips, link_changes)
    tables = [_table(connection, table) for table in made]
    yield "petrec's tables, and the run", "\n".join([*tables, _RUN])
    yield "plan the run", shown(plan_query(schema, run.id, replace(selection, limit=size)))
    limits = [f"SET LOCAL {name} = '{value}';" for name, value in SESSION.items()]
    yield "set the limits of a batch", "\n".join(limits)
    yield "take the next recordings", shown(page_query(run, work, size))
    lock = work.lock_statement(run)
    if isinstance(lock, str):
        yield "keep new pets out of appointments", f"{lock};"
    else:
        yield "lock their appointments, without waiting", shown(lock, **numbers)
    write = BatchWrite(work, run).query
    yield "judge, lock, write and journal", shown(write, **numbers, batch=1)
    if work.watched:
        yield "let deferred triggers run", f"{IMMEDIATE.text};"
        for statement in drift_statements(schema, run):
            yield "journal the rows as triggers have changed them", shown(statement, **numbers)
    yield "record how far the run is", shown(update(runs).values(cursor=size, batches=1))
    changed = select(changes.c.row_key, changes.c.old, changes.c.new).order_by(changes.c.seq)
    yield "what has changed", f"{_literal(connection, changed, {})};"
    left = select(skips.c.row_key, skips.c.reason).order_by(skips.c.seq)
    yield "what has not", f"{_literal(connection, left, {})};"


def _table(connection: Connection, table: Table) -> str:
    """Return the statement that makes one of petrec's tables as a temporary one."""
    made = CreateTable(table).compile(dialect=connection.dialect, **_TEMPORARY)
    return f"{str(made).strip()};"


def _literal(connection: Connection, statement: Any, values: Mapping[str, Any]) -> str:
    """Return a statement as psql takes it, with petrec's tables as temporary ones."""
    compiled = statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}, **_TEMPORARY
    )
    given = compiled.construct_params(values)

    def replaced(found: re.Match[str]) -> str:
        return _value(given[found[1]]) if found[1] else "%"

    return _PLACEHOLDER.sub(replaced, str(compiled))


def _value(value: Any) -> str:
    """Return a literal; its type is that of the cast which the driver's dialect adds."""
    if isinstance(value, datetime):
        value = value.isoformat()
    return sql.Literal(str(value) if isinstance(value, str) else value).as_string(None)


def _remark(words: str) -> str:
    return f"-- {plain(words)}"
