"""Batches of a planned backfill, one by one: what they take, write, put off and count."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import BackfillWork, backfill_work
from petrec.features.runs.batches.batch import (
    Batch,
    is_refused,
    next_pass,
    put_off_row,
    run_batch,
    take_back_skips,
)
from petrec.features.runs.batches.items import GONE, next_page, spread
from petrec.features.runs.batches.refused import RowsRefusedError
from petrec.features.runs.batches.size import Pace
from petrec.features.runs.batches.write import write_query
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.store import read_run
from petrec.features.runs.run import Run
from petrec.features.runs.targets import make_target
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.waiting import until

ROW = "(SELECT row_key[1]::uuid FROM petrec.plan_items WHERE seq = {seq})"
PROGRESS = "SELECT pass, cursor, changed, skipped, deferred, batches, batch_size FROM petrec.runs"
VETO = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.id = {row} THEN RAISE SQLSTATE '{state}'; END IF; RETURN NEW;
END $$;
CREATE TRIGGER veto BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION veto()
"""


@dataclass
class Work:
    """A run, and the connection on which its batches are written."""

    clinic: Database
    connection: Connection
    work: BackfillWork
    run: Run

    def batch(self, size: int, *, retrying: bool = True) -> Batch:
        query = write_query(self.work.schema, self.run, self.work.guarded_rows(self.run))
        pace = Pace(5_000, size)
        done = run_batch(self.connection, self.run, self.work, query, pace, retrying=retrying)
        self.run = done.run
        return done

    def refuses(self, seq: int) -> bool:
        query = write_query(self.work.schema, self.run, self.work.guarded_rows(self.run))
        return is_refused(self.connection, self.run, self.work, query, seq)

    def page(self, size: int) -> list[int]:
        found = next_page(self.connection, self.run, self.work, size)
        self.connection.rollback()
        return found

    def execute(self, query: str, **values: object) -> list[tuple[object, ...]]:
        row = ROW.format(seq=values.get("seq", 1))
        return self.clinic.execute(query.format(row=row, **values))

    def recorded(self) -> tuple[object, ...]:
        found = read_run(self.connection, self.run.target_name, self.run.id)
        self.connection.rollback()
        assert found.cursor == self.run.cursor
        return self.execute(PROGRESS)[0]


@pytest.fixture
def work(clinic: Database) -> Iterator[Work]:
    engine = make_engine(resolve_dsn(clinic.dsn, None), Settings(), "test")
    install_journal(engine)
    with engine.connect() as connection:
        schema = load_schema(connection, Settings().mapping)
        run = write_plan(connection, schema, make_target(schema))
        connection.commit()
        assert run is not None
        assert run.planned == 395
        yield Work(clinic, connection, backfill_work(schema), run)


def test_batches_follow_each_other_and_record_their_progress(work: Work) -> None:
    first = work.batch(3)
    assert (first.taken, first.waiters, first.run.cursor) == (3, 0, 3)
    assert work.recorded() == (1, 3, 3, 0, 0, 1, 3)
    second = work.batch(2)
    assert (second.taken, second.run.batches) == (2, 2)
    assert work.recorded() == (1, 5, 5, 0, 0, 2, 2)
    assert second.run.batch_ms > 0
    assert second.run.busy_ms == pytest.approx(first.run.batch_ms + second.run.batch_ms)
    journaled = (
        "SELECT batch, array_agg(seq ORDER BY seq) FROM petrec.changes GROUP BY 1 ORDER BY 1"
    )
    assert work.execute(journaled) == [(1, [1, 2, 3]), (2, [4, 5])]


def test_nothing_is_left_to_take_at_the_end(work: Work) -> None:
    assert work.batch(1000).taken == 395
    last = work.batch(10)
    assert (last.taken, last.took_ms, last.waiters) == (0, 0, 0)
    assert work.recorded() == (1, 395, 395, 0, 0, 1, 395)


def test_a_row_that_is_put_off_is_all_that_the_next_pass_takes(work: Work) -> None:
    work.run = put_off_row(work.connection, work.run, work.work).run
    assert work.recorded()[:6] == (1, 1, 0, 0, 1, 1)
    work.batch(4)
    assert work.recorded()[:6] == (1, 5, 4, 0, 1, 2)
    work.run = next_pass(work.connection, work.run)
    assert work.recorded()[:6] == (2, 0, 4, 0, 0, 2)
    assert work.page(2) == [1, 6]


def test_rows_that_others_hold_are_put_off(work: Work) -> None:
    with work.clinic.connect(autocommit=False) as other:
        other.execute(f"SELECT FROM recordings WHERE id = {ROW.format(seq=2)} FOR UPDATE")
        assert work.batch(4).taken == 4
    assert work.recorded() == (1, 4, 3, 0, 1, 1, 4)
    assert work.execute("SELECT seq FROM petrec.changes ORDER BY seq") == [(1,), (3,), (4,)]


def test_recordings_that_were_deleted_are_skipped_with_the_reason(work: Work) -> None:
    work.execute("DELETE FROM recordings WHERE id = {row}", seq=2)
    work.batch(4)
    assert work.recorded() == (1, 4, 3, 1, 0, 1, 4)
    assert work.execute("SELECT seq, cause, reason FROM petrec.skips") == [(2, "overtaken", GONE)]


def test_sessions_that_wait_for_a_batch_are_counted(work: Work) -> None:
    work.connection.execute(text("SELECT pg_advisory_lock(7)"))
    work.connection.commit()
    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted"
    with ThreadPoolExecutor(2) as others:
        for _ in range(2):
            others.submit(work.clinic.execute, "SELECT pg_advisory_lock(7)")
        try:
            until(lambda: len(work.clinic.execute(waiting)) == 2)
            assert work.batch(1).waiters == 2
        finally:
            work.connection.execute(text("SELECT pg_advisory_unlock(7)"))
            work.connection.commit()


@pytest.mark.parametrize(
    ("size", "retrying", "error"),
    [(3, True, RowsRefusedError), (1, False, RowsRefusedError), (1, True, OperationalError)],
)
def test_a_refusal_that_may_pass_is_retried_for_a_single_row(
    work: Work, size: int, retrying: bool, error: type[Exception]
) -> None:
    (row,) = work.execute("SELECT {row}")[0]
    work.clinic.execute(VETO.format(row=f"'{row}'", state="40001"))
    with pytest.raises(error) as refused:
        work.batch(size, retrying=retrying)
    if isinstance(refused.value, RowsRefusedError):
        assert refused.value.page == list(range(1, size + 1))
    assert work.execute("SELECT count(*) FROM petrec.changes") == [(0,)]


def test_whether_a_row_would_be_refused_is_found_without_a_trace(work: Work) -> None:
    (row,) = work.execute("SELECT {row}", seq=2)[0]
    work.clinic.execute(VETO.format(row=f"'{row}'", state="VET01"))
    assert [work.refuses(seq) for seq in (1, 2, 3)] == [False, True, False]
    assert work.execute("SELECT count(*) FROM petrec.changes") == [(0,)]


def test_rows_to_look_at_are_spread_over_the_rest(work: Work) -> None:
    assert spread(work.connection, work.run, work.work, parts=4) == [1, 99, 197, 295, 393]
    work.connection.rollback()
    work.batch(391)
    assert spread(work.connection, work.run, work.work) == [392, 393, 394, 395]
    work.connection.rollback()
    work.batch(391)
    assert spread(work.connection, work.run, work.work) == []


def test_skips_that_are_taken_back_are_planned_again(work: Work) -> None:
    for seq in (2, 3):
        work.execute("DELETE FROM recordings WHERE id = {row}", seq=seq)
    work.batch(4)
    work.run = take_back_skips(work.connection, work.run, [3])
    assert work.recorded()[:5] == (2, 0, 2, 1, 0)
    assert work.page(2) == [3, 5]
    assert work.execute("SELECT seq FROM petrec.skips") == [(2,)]
