"""What runs on a tenant's worker names its tables alone: the journal's rows are a parameter."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql

from petrec.features.backfill.work import BackfillWork
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.carried import as_rows, carried_by, rows_of
from petrec.features.runs.batches.row_locks import lock_query
from petrec.features.runs.batches.split import SplitWrite
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.features.runs.undo.work import UndoWork
from petrec.schema import Layout, Schema, Spread, TableShape, build_schema
from petrec.settings import Mapping

NOW = datetime(2026, 1, 31, tzinfo=UTC)
WORKS: dict[Action, Callable[[Schema], RunWork]] = {
    Action.BACKFILL: BackfillWork,
    Action.REVIEW: ReviewWork,
    Action.UNDO: UndoWork,
}


def tenant() -> Schema:
    """Return a clinic on a worker."""
    ids, link = {"id": "integer"}, {"appointment_id": "integer", "pet_id": "integer"}
    shapes = {
        "recordings": TableShape(ids | link | {"updated_at": "timestamptz"}, ("id",)),
        "pets": TableShape(ids, ("id",)),
        "appointments": TableShape(ids, ("id",)),
        "appointment_pets": TableShape(link),
    }
    schema = build_schema(Mapping(schema="clinic_7"), shapes, links_follow_appointments=True)
    return replace(schema, layout=Layout(Spread.TENANT, proves=False))


def a_run(action: Action) -> Run:
    target = Target("clinic_7.recordings", ("id",), "pet_id", touch=("updated_at",))
    return Run(4, action, RunState.RUNNING, target, NOW, NOW, undoes=3)


def sql(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize("action", WORKS)
def test_no_statement_joins_recordings_to_the_journal(action: Action) -> None:
    work = WORKS[action](tenant())
    split = SplitWrite.of(work, a_run(action))
    table, _ = work.items(a_run(action))
    for statement in (carried_by(split.judged, table, rows_of(table)), split.change):
        assert "jsonb_to_recordset" in sql(statement)
        assert "petrec.changes" not in sql(statement)
        assert "petrec.plan_items" not in sql(statement)
        assert "petrec.decisions" not in sql(statement)


def test_the_change_has_no_volatile_function_and_no_place_of_a_row() -> None:
    text = sql(SplitWrite.of(BackfillWork(tenant()), a_run(Action.BACKFILL)).change)
    assert text.startswith("UPDATE clinic_7.recordings")
    assert not any(word in text for word in ("ctid", "now()", "clock_timestamp", "jsonb_build"))


def test_the_lock_of_appointments_skips_what_others_hold() -> None:
    work, run = BackfillWork(tenant()), a_run(Action.BACKFILL)
    table, _ = work.items(run)
    query = lock_query(work.schema.tables.appointments, work._of_appointment(run))
    text = sql(carried_by(query, table, rows_of(table)))
    assert "SKIP LOCKED" in text
    assert "petrec." not in text


def test_rows_are_one_text_of_json() -> None:
    assert as_rows([{"seq": "1", "new": '{"pet_id": 1.10}'}, {"seq": "2"}]) == (
        '[{"seq":1,"new":{"pet_id": 1.10}},{"seq":2}]'
    )
    assert as_rows([]) == "[]"
