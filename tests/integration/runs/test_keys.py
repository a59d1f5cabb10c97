"""A row is found by the key it has now, however often later runs have changed it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, column, insert, select, values
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from petrec.features.runs.journal.keys import follow_moves, has_last_key, last_keys
from petrec.features.runs.journal.store import read_run
from petrec.features.runs.journal.tables import plan_items
from petrec.features.runs.run import Run, Target
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.journals import add_changes, journal
from tests.plugins.planned_runs import TARGET

ROWS = """
INSERT INTO recordings VALUES (1, 40, 1), (2, 30, 2), (3, 10, 3), (1, 10, 9), (4, 10, 4)
"""
OTHER = Target("public.others", ("id",), "pet_id", name='"public"."others"')
# Recording 1 went from appointment 10 to 20, 30 and 40; recording 2 from 10 to 30; 3 stayed.
MOVES = (
    (2, ("1", "10"), ("1", "20")),
    (3, ("1", "20"), ("1", "30")),
    (3, ("2", "10"), ("2", "30")),
    (4, ("1", "30"), ("1", "40")),
    # This run wrote to another table, whose rows have the same keys.
    (5, ("3", "10"), ("3", "50")),
)


@pytest.fixture
def connection(empty_database: Database) -> Iterator[Connection]:
    with journal(empty_database, ROWS, TARGET, TARGET, TARGET, TARGET, OTHER) as connection:
        rows = [
            {"run_id": run, "seq": seq, "row_key": new, "old_key": old}
            for seq, (run, old, new) in enumerate(MOVES)
        ]
        add_changes(connection, rows)
        yield connection


def of_run(connection: Connection, number: int) -> Run:
    return read_run(connection, TARGET.name, number)


@pytest.mark.parametrize(
    ("run", "last"),
    [
        (1, {"1,10": "1,40", "1,20": "1,40", "1,30": "1,40", "2,10": "2,30"}),
        (2, {"1,20": "1,40", "1,30": "1,40", "2,10": "2,30"}),
        (3, {"1,30": "1,40"}),
        (4, {}),
    ],
)
def test_a_key_leads_to_the_last_one_of_later_runs(
    connection: Connection, run: int, last: dict[str, str]
) -> None:
    found = connection.execute(select(last_keys(of_run(connection, run)))).all()
    assert {",".join(old): ",".join(new) for old, new in found} == last
    assert len(found) == len(last)


def test_planned_rows_follow_the_moves_of_later_runs(connection: Connection) -> None:
    keys = [["1", "10"], ["2", "10"], ["3", "10"], ["4", "10"]]
    items = [
        {"run_id": run, "seq": seq, "row_key": key, "strategy": "", "pet_id": "1"}
        for run in (1, 3)
        for seq, key in enumerate(keys)
    ]
    connection.execute(insert(plan_items), items)
    follow_moves(connection, plan_items, of_run(connection, 1))
    query = select(plan_items.c.run_id, plan_items.c.row_key).order_by(*plan_items.primary_key)
    moved = [["1", "40"], ["2", "30"], ["3", "10"], ["4", "10"]]
    assert [tuple(row) for row in connection.execute(query)] == [
        *((1, key) for key in moved), *((3, key) for key in keys),
    ]  # fmt: skip


def test_a_recording_is_joined_by_its_last_key_or_by_the_journaled_one(
    connection: Connection,
) -> None:
    schema = load_schema(connection, Settings().mapping)
    keys = [(["1", "10"],), (["2", "10"],), (["3", "10"],), (["5", "10"],)]
    listed = values(column("row_key", ARRAY(Text)), name="listed").data(keys)
    recordings, last = schema.tables.recordings, last_keys(of_run(connection, 1))
    query = (
        select(listed.c.row_key[1], recordings.c.appointment_id, recordings.c.pet_id)
        .select_from(listed)
        .outerjoin(last, last.c.old_key == listed.c.row_key)
        .outerjoin(recordings, has_last_key(schema, recordings.c, listed.c.row_key, last))
    )
    found = sorted(tuple(row) for row in connection.execute(query))
    assert found == [("1", 40, 1), ("2", 30, 2), ("3", 10, 3), ("5", None, None)]
