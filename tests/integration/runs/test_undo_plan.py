"""An undo is planned from the journal, and previewed against the rows as they are now."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec import structs
from sqlalchemy import Connection, text

from petrec.errors import DatabaseError, IllegalTransitionError, UnsupportedServerError
from petrec.features.runs.foresight import foresee
from petrec.features.runs.journal.store import change_state, create_run, read_run
from petrec.features.runs.run import Action, RunState
from petrec.features.runs.targets import make_target
from petrec.features.runs.undo import preview
from petrec.features.runs.undo.plan import check_null_returns, plan_undo, undo_target
from petrec.postgres.preflight import load_schema
from petrec.schema import Layout, Schema, Spread
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.journals import add_changes, journal

ROWS = """
ALTER TABLE recordings DROP CONSTRAINT recordings_pkey, ADD PRIMARY KEY (id);
INSERT INTO recordings VALUES (1, 10, 1), (2, 10, 2), (3, 10, NULL), (5, 10, 1), (6, 20, 1)
"""
PLAIN_ROLE = """
CREATE ROLE {role};
GRANT USAGE ON SCHEMA petrec TO {role};
GRANT ALL ON ALL TABLES IN SCHEMA petrec TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT UPDATE (pet_id) ON public.recordings TO {role}
"""
GONE, REMOVED = "the recording was deleted", "its pet has been removed since"
CHANGED = "its pet has changed since"


@pytest.fixture
def schema(connection: Connection) -> Schema:
    return load_schema(connection, Settings().mapping)


@pytest.fixture
def connection(empty_database: Database) -> Iterator[Connection]:
    """Open a journal in which run 1 gave pet 1 to five recordings, and run 2 has undone one."""
    with journal(empty_database, ROWS) as connection:
        target = make_target(load_schema(connection, Settings().mapping))
        for undoes in (None, 1, None):
            action = Action.UNDO if undoes else Action.BACKFILL
            create_run(connection, action, target, undoes)
        change_state(connection, read_run(connection, target.name, 2), RunState.DONE)
        given = {"old": {"pet_id": None}, "new": {"pet_id": 1}}
        add_changes(connection, [
            *({"run_id": 1, "seq": n, "row_key": [str(n)], **given} for n in range(1, 6)),
            {"run_id": 2, "seq": 5, "row_key": ["5"]},
            {"run_id": 3, "seq": 1, "row_key": ["6"], "old": {"pet_id": 2}, "new": {"pet_id": 1}},
            {"run_id": 3, "seq": 2, "row_key": ["7"], "old": {"pet_id": 2}, "new": {"pet_id": 1}},
        ])  # fmt: skip
        yield connection


def test_a_preview_compares_what_is_not_undone_yet(connection: Connection, schema: Schema) -> None:
    target = make_target(schema)
    plan = preview.preview_undo(connection, schema, target, read_run(connection, target.name, 1))
    assert (plan.run.id, plan.restored, plan.left) == (1, 1, 3)
    left = [(row.recording_id, row.reason) for row in plan.moved_on]
    assert left == [("2", CHANGED), ("3", REMOVED), ("4", GONE)]
    assert (plan.obstacles, plan.warnings) == ((), ())
    plan = preview.preview_undo(connection, schema, target, read_run(connection, target.name, 3))
    assert (plan.restored, [row.recording_id for row in plan.moved_on]) == (1, ["7"])


def test_a_preview_counts_more_than_it_lists(
    connection: Connection, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "MOST_LISTED", 2)
    target = make_target(schema)
    plan = preview.preview_undo(connection, schema, target, read_run(connection, target.name, 1))
    assert (plan.left, [row.recording_id for row in plan.moved_on]) == (3, ["2", "3"])


def test_there_is_no_preview_of_recordings_on_other_nodes(
    connection: Connection, schema: Schema
) -> None:
    target, away = make_target(schema), replace(schema, layout=Layout(Spread.TENANT))
    with pytest.raises(UnsupportedServerError, match="no plan there") as refused:
        preview.preview_undo(connection, away, target, read_run(connection, target.name, 1))
    assert refused.value.hint


def test_a_role_is_told_what_a_run_or_an_undo_needs_besides_the_pet(
    empty_database: Database, connection: Connection, schema: Schema
) -> None:
    role = f"plain_{empty_database.name}"
    connection.execute(text(PLAIN_ROLE.format(role=role)))
    plain = make_target(schema)
    linking = structs.replace(plain, links=True)
    connection.execute(text("UPDATE petrec.runs SET target = target || '{\"links\": true}'"))
    connection.execute(text(f"SET LOCAL ROLE {role}"))
    undone = read_run(connection, plain.name, 1)
    links = "public.appointment_pets"
    grants = [
        foresee(connection, schema, plain, locks=False).obstacles,
        foresee(connection, schema, plain).obstacles,
        foresee(connection, schema, linking, locks=False).obstacles,
        preview.preview_undo(connection, schema, plain, undone).obstacles,
    ]
    assert grants == [
        (),
        (f"it needs GRANT UPDATE ON {links} TO {role};",),
        (f"it needs GRANT INSERT (appointment_id) ON {links} TO {role};",
         f"it needs GRANT INSERT (pet_id) ON {links} TO {role};"),
        (f"it needs GRANT DELETE ON {links} TO {role};",),
    ]  # fmt: skip
    connection.rollback()


def test_a_preview_says_where_no_pet_may_be_missing_again(
    connection: Connection, schema: Schema
) -> None:
    target = make_target(schema)
    check_null_returns(connection, schema, 1)
    connection.execute(text("DELETE FROM public.recordings WHERE pet_id IS NULL"))
    connection.execute(text("ALTER TABLE public.recordings ALTER pet_id SET NOT NULL"))
    plan = preview.preview_undo(connection, schema, target, read_run(connection, target.name, 1))
    (obstacle,) = plan.obstacles
    assert obstacle.startswith("5 recordings had no pet before run 1")
    with pytest.raises(DatabaseError, match=r"^5 recordings had no pet") as refused:
        check_null_returns(connection, schema, 1)
    assert refused.value.hint
    check_null_returns(connection, schema, 3)


def test_an_undo_plans_what_is_not_undone_yet(connection: Connection, schema: Schema) -> None:
    target = make_target(schema)
    undo = plan_undo(connection, 1, target)
    assert (undo.id, undo.action, undo.undoes, undo.planned) == (4, Action.UNDO, 1, 4)
    assert undo.target == target
    undone = read_run(connection, target.name, 1)
    assert (undone.state, undone.undone_by) == (RunState.ABANDONED, (2, 4))
    assert plan_undo(connection, 1, target).id == 4
    other = plan_undo(connection, 3, target)
    assert (other.id, other.undoes, other.planned) == (5, 3, 2)
    with pytest.raises(IllegalTransitionError, match="run 4 is itself an undo") as refused:
        plan_undo(connection, 4, target)
    assert refused.value.hint


def test_an_undo_restores_an_appointment_that_a_trigger_changed(
    connection: Connection, schema: Schema
) -> None:
    target = make_target(schema)
    undone = read_run(connection, target.name, 1)
    assert undo_target(connection, undone) == target
    moved = """UPDATE petrec.changes SET old = old || '{"appointment_id": 10}',
        new = new || '{"appointment_id": 20}' WHERE seq = 2 AND run_id = """
    connection.execute(text(f"{moved} 3"))
    assert undo_target(connection, undone) == target
    connection.execute(text(f"{moved} 1"))
    assert undo_target(connection, undone).also == ("appointment_id",)
