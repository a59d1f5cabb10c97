"""The history of a recording or a run: its changes with who decided them, and what was left."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, insert, text

from petrec.features.runs.journal.store import create_run
from petrec.features.runs.journal.tables import decisions, edits, skips
from petrec.features.runs.lineage import count_causes, read_lineage, read_skips, read_unwritten
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import Action, SkipCause
from tests.plugins.databases import Database
from tests.plugins.journals import add_changes, journal
from tests.plugins.planned_runs import TARGET

OTHER = replace(TARGET, table="public.others", name='"public"."others"')
LEFT = ((1, "a", "overtaken"), (2, "b", "refused"), (3, "c", "refused"), (4, "d", "rewritten"))


@pytest.fixture
def connection(empty_database: Database) -> Iterator[Connection]:
    """Open a journal: runs 1 and 3 of a target, 2 of another, and run 4, which undoes run 1."""
    with journal(empty_database, "", TARGET, OTHER, TARGET) as connection:
        create_run(connection, Action.UNDO, TARGET, undoes=1)
        values = {"old": {"pet_id": 5}, "new": {"pet_id": 6}}
        add_changes(connection, [
            {"run_id": run, "seq": seq, "row_key": [key, "10"], "strategy": f"s{run}", **values}
            for run, seq, key in ((3, 2, "7"), (1, 2, "8"), (1, 1, "7"), (2, 1, "7"), (4, 1, "7"))
        ])  # fmt: skip
        rows = [
            {"run_id": run, "seq": seq, "row_key": [key, "10"], "cause": cause, "reason": key * 2}
            for run, left in ((3, LEFT), (1, LEFT[3:]))
            for seq, key, cause in left
        ]
        connection.execute(insert(skips), rows)
        more = {"row_key": ["7", "10"], "reason": "", "expected": {}, "wanted": {}}
        by = ((3, 2, "Ada"), (3, 1, "Eve"), (2, 1, "Eve"))
        connection.execute(
            insert(edits), [{"run_id": r, "seq": s, "author": a, **more} for r, s, a in by]
        )
        more = {"row_key": [], "kind": "", "state": "", "verdict": "", "note": "", "source": ""}
        reviewed = ((1, 1, "Bob"), (1, 2, "Dan"), (2, 1, "Dan"), (3, 2, "Dan"))
        connection.execute(
            insert(decisions),
            [{"run_id": r, "seq": s, "reviewer": a, **more} for r, s, a in reviewed],
        )
        yield connection


def test_a_recordings_changes_are_told_oldest_first(connection: Connection) -> None:
    found = read_lineage(connection, TARGET.name, None, "7", None)
    told = [(each.run, each.action, each.strategy, each.author) for each in found.changes]
    assert told == [
        (1, "review", "s1", "Bob"), (3, "review", "s3", "Ada"), (4, "undo of 1", "s4", None),
    ]  # fmt: skip
    assert {each.recording_id for each in found.changes} == {"7"}
    assert (found.changes[0].old, found.changes[0].new) == ({"pet_id": 5}, {"pet_id": 6})
    assert found.skipped == ()
    first = read_lineage(connection, TARGET.name, None, "7", 1)
    assert [each.run for each in first.changes] == [1]


def test_a_runs_changes_are_told_with_what_it_left(connection: Connection) -> None:
    first = read_lineage(connection, TARGET.name, 1, None, None)
    assert [each.recording_id for each in first.changes] == ["7", "8"]
    assert first.skipped == (MovedOn("d", "dd", SkipCause.REWRITTEN),)
    third = read_lineage(connection, TARGET.name, 3, None, 3)
    assert [row.recording_id for row in third.skipped] == ["a", "b", "c"]
    one = read_lineage(connection, TARGET.name, 3, "b", None)
    assert (one.changes, [row.recording_id for row in one.skipped]) == ((), ["b"])


def test_rows_that_were_left_are_told_in_their_order_up_to_a_limit(connection: Connection) -> None:
    assert [row.reason for row in read_skips(connection, 3)] == ["aa", "bb", "cc", "dd"]
    assert [row.reason for row in read_skips(connection, 3, limit=2)] == ["aa", "bb"]
    unwritten = read_unwritten(connection, 3, 2)
    assert [(row.recording_id, row.cause) for row in unwritten] == [
        ("b", "refused"), ("c", "refused"),
    ]  # fmt: skip
    assert count_causes(connection, 3) == {"overtaken": 1, "refused": 2, "rewritten": 1}
    assert count_causes(connection, 2) == {}


def test_without_the_tables_of_authors_changes_are_told_still(connection: Connection) -> None:
    connection.execute(text("DROP TABLE petrec.edits"))
    found = read_lineage(connection, TARGET.name, 3, "7", None)
    assert [(each.run, each.author) for each in found.changes] == [(3, None)]
