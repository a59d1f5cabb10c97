"""What runs on a worker names its tables alone: the journal's rows are a parameter."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql

from petrec.features.backfill.work import BackfillWork
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.carried import as_rows, carried, carried_by, rows_of
from petrec.features.runs.batches.shard import as_array, of_one_shard
from petrec.features.runs.batches.split import SplitWrite
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.features.runs.undo.work import UndoWork
from petrec.schema import Layout, Schema, Spread, TableShape, build_schema
from petrec.settings import Mapping

TABLE = re.compile(r"clinic_7\.(recordings|appointments|appointment_pets)\b(?! ?\.)(?: AS (\w+))?")
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


def sharded(*, gathers_visits: bool = False) -> Schema:
    """Return a clinic in shards, by the appointment, with visits that may lie on other nodes."""
    ids, link = {"id": "integer"}, {"appointment_id": "integer", "pet_id": "integer"}
    shapes = {
        "recordings": TableShape(
            ids | link | {"visit_id": "integer", "updated_at": "timestamptz"},
            ("id", "appointment_id"),
        ),
        "pets": TableShape(ids, ("id",)),
        "appointments": TableShape(ids, ("id",)),
        "appointment_pets": TableShape(link),
        "visits": TableShape(ids | link, ("id",)),
    }
    schema = build_schema(Mapping(schema="clinic_7"), shapes, links_follow_appointments=True)
    layout = Layout(Spread.HASHED, proves=False, one_snapshot=False, gathers_visits=gathers_visits)
    return replace(schema, layout=layout)


def a_run(action: Action) -> Run:
    target = Target("clinic_7.recordings", ("id",), "pet_id", touch=("updated_at",))
    return Run(4, action, RunState.RUNNING, target, NOW, NOW, undoes=3)


def sql(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize("action", WORKS)
def test_no_statement_joins_recordings_to_the_journal(action: Action) -> None:
    work = WORKS[action](tenant())
    split = SplitWrite.of(work, a_run(action))
    for statement in (split.judged, split.change):
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
    query = work._locks(run).lock_query()
    text = sql(carried_by(query, table, rows_of(table)))
    assert "SKIP LOCKED" in text
    assert "petrec." not in text


def test_rows_are_one_text_of_json() -> None:
    assert as_rows([{"seq": "1", "new": '{"pet_id": 1.10}'}, {"seq": "2"}]) == (
        '[{"seq":1,"new":{"pet_id": 1.10}},{"seq":2}]'
    )
    assert as_rows([]) == "[]"


@pytest.mark.parametrize("action", WORKS)
def test_every_statement_of_a_sharded_batch_names_the_appointments_of_its_tables(
    action: Action,
) -> None:
    work, run = WORKS[action](sharded()), a_run(action)
    split = SplitWrite.of(work, run)
    statements = [split.judged, split.change]
    if isinstance(work, BackfillWork):
        lock = work._locks(run).lock_query()
        statements.append(carried(work, run, lock))
    for statement in map(sql, statements):
        tables = TABLE.findall(statement)
        assert len(tables) == statement.count("ANY (CAST(%(places)s AS integer[]))") > 0
        for table, alias in tables:
            column = "id" if table == "appointments" else "appointment_id"
            assert f"{alias or f'clinic_7.{table}'}.{column} = ANY (CAST(%(places)s" in statement


def test_visits_of_other_nodes_travel_with_a_page() -> None:
    work = BackfillWork(sharded(gathers_visits=True))
    text = sql(SplitWrite.of(work, a_run(Action.BACKFILL)).judged)
    assert "clinic_7.visits" not in text
    assert "jsonb_to_recordset(CAST(%(visit_rows)s" in text
    assert "recordings.visit_id IS NULL OR recordings.visit_id = ANY (CAST(%(visits)s" in text


def test_a_page_ends_with_its_shard() -> None:
    assert of_one_shard([(4, 102), (5, 102), (8, 103), (9, 102)]) == [4, 5]
    assert of_one_shard([]) == []


def test_an_array_keeps_every_character() -> None:
    assert as_array(["1", "a,b", 'say "x"', "\\", "1", "NULL"]) == (
        '{"1","a,b","say \\"x\\"","\\\\","NULL"}'
    )
