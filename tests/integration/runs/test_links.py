"""An undo takes back the pets that its run added, where what needed them is restored."""

import pytest
from sqlalchemy import insert, text

from petrec.features.runs.batches.links import remove_links
from petrec.features.runs.journal.store import create_run, read_run
from petrec.features.runs.journal.tables import link_changes
from petrec.features.runs.run import Action, LinkAction
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.journals import add_changes, journal
from tests.plugins.planned_runs import TARGET

ROWS = """
INSERT INTO appointment_pets VALUES (10, 1), (10, 2), (10, 3), (20, 1), (20, 2), (20, 3), (30, 1);
INSERT INTO recordings VALUES (7, 20, 2), (8, 20, 3), (9, 10, 3), (9, 20, 1)
"""
# By the number of the change in run 1, which run 3 undoes.
ADDED = {1: (10, 1), 2: (10, 1), 4: (20, 1), 5: (20, 2), 6: (20, 3), 7: (30, 1)}
LINKS = [
    {"run_id": run, "seq": seq, "appointment_id": str(place), "pet_id": str(pet), "action": action}
    for run, action, pairs in (
        (1, LinkAction.ADDED, ADDED),
        (1, LinkAction.PRESENT, {3: (10, 2)}),
        # The other run added what run 1 found there.
        (2, LinkAction.ADDED, {3: (10, 2)}),
    )
    for seq, (place, pet) in pairs.items()
]
LEFT = "SELECT appointment_id, pet_id FROM public.appointment_pets"


@pytest.mark.parametrize(
    ("ready", "removed"),
    [
        ([1, 2, 3, 4, 5, 6], {(10, 1): 1, (20, 3): 6}),
        ([2, 3], {(10, 1): 2}),
        ([7], {(30, 1): 7}),
        ([3, 4, 5], {}),
        ([], {}),
    ],
)
def test_only_added_pets_that_nothing_else_needs_go(
    empty_database: Database, ready: list[int], removed: dict[tuple[int, int], int]
) -> None:
    with journal(empty_database, ROWS, TARGET, TARGET) as connection:
        undo = read_run(connection, TARGET.name, create_run(connection, Action.UNDO, TARGET, 1))
        connection.execute(insert(link_changes), LINKS)
        # Change 4 was skipped by the undo. Recording 8 is restored, recording 7 is not.
        add_changes(connection, [
            *({"run_id": 1, "seq": n, "row_key": [str(n), "0"]} for n in range(1, 8)),
            *({"run_id": undo.id, "seq": n, "row_key": [str(n), "0"]} for n in (1, 2, 3, 5, 7)),
            {"run_id": undo.id, "seq": 6, "row_key": ["8", "20"]},
            {"run_id": 2, "seq": 6, "row_key": ["7", "20"]},
        ])  # fmt: skip
        before = {tuple(row) for row in connection.execute(text(LEFT))}
        schema = load_schema(connection, Settings().mapping)
        remove_links(connection, schema, undo, ready, [undo.id])
        after = {tuple(row) for row in connection.execute(text(LEFT))}
        assert before - after == set(removed)
        query = link_changes.select().where(link_changes.c.run_id == undo.id)
        journaled = connection.execute(query).all()
        assert {(int(r.appointment_id), int(r.pet_id)): r.seq for r in journaled} == removed
        assert {row.action for row in journaled} <= {LinkAction.REMOVED}
