"""An edit is written where the row is as it was looked at; what it does not name stays."""

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, select

from petrec.features.runs import edits
from petrec.features.runs.at_once import NotWrittenError, write_at_once
from petrec.features.runs.batches.batch import write_rows
from petrec.features.runs.batches.work import Locked
from petrec.features.runs.batches.write import BatchWrite, Written
from petrec.features.runs.edits import Edit, EditWork, record_edits
from petrec.features.runs.journal.store import read_run
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.run import Action, SkipCause
from petrec.features.runs.targets import make_target
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.journals import journal

ROWS = "SELECT id::text, status, file_size_bytes, s3_key, updated_at > now() - interval '1 day'"
NEW = {"status": "failed", "file_size_bytes": "7"}


def edit(row: tuple[object, ...], **expected: str | None) -> Edit:
    return Edit((str(row[0]),), "why", expected, NEW, "me")


def test_only_rows_that_are_as_expected_are_written(
    clinic: Database, clinic_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "_ROWS_AT_ONCE", 2)
    rows = clinic.execute(f"{ROWS} FROM recordings ORDER BY id LIMIT 5")
    status, key = str(rows[0][1]), str(rows[0][3])
    planned = [
        edit(rows[0], status=status, s3_key=key),
        edit(rows[1], status="another"),
        edit(rows[2], s3_key="another"),
        replace(edit(rows[3]), wanted={"file_size_bytes": "8"}),
        edit(rows[4], file_size_bytes=None),
    ]
    clinic.execute("UPDATE recordings SET file_size_bytes = NULL WHERE id = %s", (rows[4][0],))
    with clinic_engine.connect() as connection:
        schema = load_schema(connection, Settings().mapping)
        target = make_target(schema, ["updated_at"])
        target = replace(target, pet="", also=("status", "file_size_bytes"))
        run = record_edits(connection, Action.SWEEP, target, planned)
        work = EditWork(schema)
        query = BatchWrite(work, run)
        written = write_rows(connection, run, work, query, Locked(range(1, 6)))
        connection.commit()
    assert (run.planned, run.action, written) == (5, Action.SWEEP, Written(3, 2))
    of_rows = "FROM recordings WHERE id = ANY (%s) ORDER BY id"
    after = clinic.execute(f"{ROWS} {of_rows}", ([row[0] for row in rows],))
    assert [row[1:3] for row in after] == [
        ("failed", 7), rows[1][1:3], rows[2][1:3], (rows[3][1], 8), ("failed", 7),
    ]  # fmt: skip
    assert [row[4] for row in after] == [True, False, False, True, True]
    skipped = clinic.execute("SELECT seq, cause, reason FROM petrec.skips ORDER BY seq")
    assert skipped == [(seq, "overtaken", edits._CHANGED) for seq in (2, 3)]
    journaled = clinic.execute("SELECT seq, strategy, old, new FROM petrec.changes ORDER BY seq")
    assert [row[:2] for row in journaled] == [(1, "why"), (4, "why"), (5, "why")]
    assert journaled[0][2]["status"] == status
    assert journaled[0][3]["status"] == "failed"
    assert clinic.execute("SELECT DISTINCT author FROM petrec.edits") == [("me",)]


def test_a_former_key_is_journaled_where_an_edit_changes_the_key(empty_database: Database) -> None:
    rows = "INSERT INTO recordings VALUES (1, 10, 1), (2, 10, 1), (3, 10, 1)"
    with journal(empty_database, rows) as connection:
        schema = load_schema(connection, Settings().mapping)
        target = replace(make_target(schema), pet="", also=("appointment_id",))
        planned = [
            Edit((str(id_), "10"), "why", {}, {"appointment_id": place}, "me")
            for id_, place in ((1, "20"), (2, "10"))
        ]
        run = record_edits(connection, Action.CORRECTION, target, planned)
        work = EditWork(schema)
        query = BatchWrite(work, run)
        assert write_rows(connection, run, work, query, Locked([1, 2])) == Written(2, 0)
        keys = select(changes.c.row_key, changes.c.old_key).order_by(changes.c.seq)
        assert [tuple(row) for row in connection.execute(keys)] == [
            (["1", "20"], ["1", "10"]),
            (["2", "10"], None),
        ]


def test_one_edit_is_a_run_that_is_done_at_once(empty_database: Database) -> None:
    rows = "INSERT INTO recordings VALUES (1, 10, 1), (2, 10, 1)"
    with journal(empty_database, rows) as connection:
        schema = load_schema(connection, Settings().mapping)
        target = make_target(schema)

        def write(id_: str, expected: str) -> int:
            planned = Edit((id_, "10"), "why", {"pet_id": expected}, {"pet_id": "2"}, "me")
            return write_at_once(connection, schema, Action.CORRECTION, target, planned)

        done = read_run(connection, target.name, write("2", "1"))
        assert (done.action, done.state, done.planned) == ("correction", "done", 1)
        assert (done.changed, done.batches, done.batch_size, done.cursor) == (1, 1, 1, 1)
        connection.commit()
        pets = "SELECT pet_id FROM recordings ORDER BY id"
        assert empty_database.execute(pets) == [(1,), (2,)]
        with pytest.raises(NotWrittenError, match=edits._CHANGED) as changed:
            write("1", "7")
        connection.rollback()
        with empty_database.connect(autocommit=False) as other:
            other.execute("SELECT FROM recordings WHERE id = 1 FOR UPDATE")
            with pytest.raises(NotWrittenError, match="another session") as held:
                write("1", "1")
        assert changed.value.cause == held.value.cause == SkipCause.OVERTAKEN
