"""A page asks no more of the journal than its pass needs, and is written by place and key."""

import pytest
from msgspec.structs import replace
from sqlalchemy import column

from petrec.features.backfill.work import BackfillWork
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.items import page_query
from petrec.features.runs.batches.work import in_journal
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.run import Action
from petrec.features.runs.undo.work import UndoWork, reason_left
from petrec.schema import PgType, Schema, TableShape, build_schema
from petrec.settings import Mapping
from tests.plugins.planned_runs import make_run
from tests.unit.runs.test_carried import sql


@pytest.fixture
def schema() -> Schema:
    ids, link = {"id": "integer"}, {"appointment_id": "integer", "pet_id": "integer"}
    shapes = {
        "recordings": TableShape(ids | link, ("id",)),
        "pets": TableShape(ids, ("id",)),
        "appointments": TableShape(ids, ("id",)),
        "appointment_pets": TableShape(link),
    }
    return build_schema(Mapping(), shapes)


@pytest.mark.parametrize(("number", "looks_back"), [(1, False), (2, True), (3, True)])
def test_only_a_later_pass_looks_for_what_an_earlier_one_settled(
    schema: Schema, number: int, looks_back: bool
) -> None:
    query = sql(page_query(make_run(pass_number=number), BackfillWork(schema), 5))
    assert ("petrec.changes" in query, "petrec.skips" in query) == (looks_back, looks_back)


def test_an_undo_looks_for_what_others_have_undone_from_the_start(schema: Schema) -> None:
    work = UndoWork(schema)
    work.earlier_undos = [8, 9]
    query = page_query(make_run(undoes=3, cursor=40), work, 5)
    assert sql(query).count("EXISTS (SELECT * \nFROM petrec.changes") == 2
    assert "petrec.skips" not in sql(query)
    assert "seq >=" not in sql(query)
    assert {3, 8, 9, 40, 5} == set(query.compile().params.values())


def test_a_row_is_written_where_it_was_locked_and_has_its_key(schema: Schema) -> None:
    run, work = make_run(), BackfillWork(schema)
    query = sql(BatchWrite(work, run).query)
    assert "written.tableoid = fresh.tableoid AND written.ctid = fresh.ctid" in query
    assert "written.id = fresh.petrec_key_id" in query
    assert "old_key" not in query
    work.watched = True
    assert "old_key" in sql(BatchWrite(work, run).query)


@pytest.mark.parametrize("links", [False, True])
def test_a_run_that_may_add_pets_to_appointments_does_so_as_it_writes(
    schema: Schema, links: bool
) -> None:
    target = replace(make_run().target, also=("appointment_id",), links=links)
    run, work = make_run(action=Action.REVIEW, target=target), ReviewWork(schema)
    query = sql(BatchWrite(work, run).query)
    written = ("INSERT INTO public.appointment_pets" in query, "INSERT INTO petrec.links" in query)
    assert written == (links, links)


@pytest.mark.parametrize(("type_", "text"), [("json", "CAST(x AS TEXT)"), ("jsonb", "x")])
def test_json_is_journaled_as_its_text(type_: str, text: str) -> None:
    assert sql(in_journal(column("x", PgType(type_)))) == text
    assert sql(in_journal(column("x", PgType("own", base=type_)))) == text


def test_the_appointment_is_journaled_where_a_trigger_may_change_it(schema: Schema) -> None:
    work, plain = BackfillWork(schema), make_run()
    moving = make_run(target=replace(plain.target, also=("appointment_id",)))
    assert work.journaled(plain) == ("pet_id",)
    work.watched = True
    assert work.journaled(plain) == work.journaled(moving) == ("pet_id", "appointment_id")


@pytest.mark.parametrize(
    ("also", "changed"),
    [((), "appointment"), (("appointment_id",), "appointment"), (("status",), "upload")],
)
def test_an_undo_says_what_has_changed_since(also: tuple[str, ...], changed: str) -> None:
    reason = reason_left(column("pet_id"), replace(make_run().target, also=also))
    assert f"its {changed} has changed since" in reason.compile().params.values()
