"""A batch reads as much as its rows need, however little the planner knows of the journal."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, create_engine, text
from sqlalchemy.pool import NullPool

from petrec.features.backfill.work import BackfillWork
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.items import numbers_of
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.edits import EditWork
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.undo.work import UndoWork
from petrec.postgres.preflight import load_schema
from petrec.settings import Mapping
from tests.integration.review.many import fill
from tests.plugins.databases import MakeDatabase
from tests.plugins.planned_runs import TARGET, make_run
from tests.plugins.plans import explained, nodes

ROWS = 200
ITEMS = """
INSERT INTO petrec.plan_items (run_id, seq, row_key, pet_id, appointment_id, strategy)
SELECT :run, n, ARRAY[n::text], n::text, (1 + n / 4)::text, 'x' FROM generate_series(1, :rows) n;
INSERT INTO petrec.decisions (run_id, seq, row_key, kind, state, verdict, pet_id, appointment_id,
  reviewer, note, source)
SELECT :run, n, ARRAY[n::text], 'x', 'x', 'assign', n::text, (1 + n / 4)::text, '', '', ''
FROM generate_series(1, :rows) n;
INSERT INTO petrec.changes (run_id, seq, batch, row_key, strategy, old, new)
SELECT :run + 10, n, 1, ARRAY[n::text], 'x', '{"pet_id": 1}', '{"pet_id": null}'
FROM generate_series(1, :rows) n;
INSERT INTO petrec.edits (run_id, seq, row_key, reason, expected, wanted)
SELECT :run, n, ARRAY[n::text], 'x', '{"pet_id": null}', '{"pet_id": "1"}'
FROM generate_series(1, :rows) n
"""
# What the planner expects of a run is then not one row.
ANALYZE = "ANALYZE petrec.plan_items, petrec.decisions, petrec.changes, petrec.edits"


@pytest.fixture
def journal(database: MakeDatabase) -> Iterator[Connection]:
    """Yield a clinic with ROWS items of run 1 for each kind of work, which ANALYZE has not seen."""
    made = database("empty")
    with made.connect() as session:
        fill(session, 2000)
    engine = create_engine(
        made.dsn.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool
    )
    install_journal(engine)
    with engine.begin() as connection:
        _add(connection, run=2, rows=5000)
        connection.execute(text(ANALYZE))
        _add(connection, run=1, rows=ROWS)
        yield connection


@pytest.mark.parametrize("work", [BackfillWork, ReviewWork, UndoWork, EditWork])
def test_no_step_of_a_batch_multiplies_its_rows(journal: Connection, work: type[RunWork]) -> None:
    schema = load_schema(journal, Mapping())
    run = make_run(id=1, undoes=11, target=TARGET)
    write = BatchWrite(work(schema), run)
    _check(journal, write.query)
    if write.proven is not None:
        _check(journal, write.proven)


def _check(journal: Connection, query: Select[Any]) -> None:
    """Execute a batch, and take it back."""
    with journal.begin_nested() as batch:
        plan = explained(journal, query, numbers_of(range(1, ROWS + 1)) | {"batch": 1})
        batch.rollback()
    counted = {node["Node Type"]: _rows(node) for node in nodes(plan) if _rows(node) > 2 * ROWS}
    assert not counted
    assert max(map(_rows, nodes(plan))) >= ROWS


def _add(connection: Connection, *, run: int, rows: int) -> None:
    for statement in ITEMS.split(";"):
        connection.execute(text(statement), {"run": run, "rows": rows})


def _rows(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])
