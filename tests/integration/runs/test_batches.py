"""Batches of a planned backfill, one by one: what they take, write, put off and count."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from petrec.features.backfill.work import BackfillWork
from petrec.features.runs.batches.batch import Batch, defer_row, next_pass, replan_skips
from petrec.features.runs.batches.items import GONE, spread
from petrec.features.runs.batches.refused import RowsRefusedError
from petrec.schema import Layout, Spread
from tests.plugins.batches import ROW, Work
from tests.plugins.waiting import until

VETO = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.id = {row} THEN RAISE SQLSTATE '{state}'; END IF; RETURN NEW;
END $$;
CREATE TRIGGER veto BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION veto()
"""
NEW_KEY = """
CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.id = '{row}' THEN NEW.id := gen_random_uuid(); END IF; RETURN NEW;
END $$;
CREATE TRIGGER rename BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION rename()
"""
LIMITS = """
CREATE TABLE limits (number serial, time text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.limits (time) VALUES (current_setting('statement_timeout')); RETURN NULL;
END $$;
CREATE TRIGGER note BEFORE UPDATE ON recordings EXECUTE FUNCTION note()
"""


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
    put_off = defer_row(work.connection, work.run, work.work)
    assert put_off == Batch(put_off.run, taken=1, took_ms=0, waiters=0)
    work.run = put_off.run
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
    assert work.skipped() == [(2, "overtaken", GONE)]


def test_a_row_whose_key_the_run_has_changed_is_not_gone(work: Work) -> None:
    (row,) = work.execute("SELECT {row}")[0]
    work.clinic.execute(NEW_KEY.format(row=row))
    work.execute("DELETE FROM recordings WHERE id = {row}", seq=2)
    work.batch(4)
    assert work.recorded() == (1, 4, 3, 1, 0, 1, 4)
    assert work.skipped() == [(2, "overtaken", GONE)]


@pytest.mark.parametrize("layout", [Layout(), Layout(Spread.TENANT, proves=False)])
def test_rows_that_are_gone_overtaken_or_held_are_counted_apart(work: Work, layout: Layout) -> None:
    """A batch is the same where the recordings lie on another node."""
    work.work = BackfillWork(replace(work.work.schema, layout=layout))
    with work.clinic.connect(autocommit=False) as other:
        other.execute(f"SELECT FROM recordings WHERE id = {ROW.format(seq=3)} FOR UPDATE")
        for first in (1, 6):
            gone, overtaken = (ROW.format(seq=first + more) for more in (1, 3))
            pet = "(SELECT min(id::text)::uuid FROM pets)"
            work.clinic.execute(f"UPDATE recordings SET pet_id = {pet} WHERE id = {overtaken}")
            work.clinic.execute(f"DELETE FROM recordings WHERE id = {gone}")
            work.batch(5)
    assert work.recorded() == (1, 10, 5, 4, 1, 2, 5)
    assert [row[:2] for row in work.skipped()] == [(seq, "overtaken") for seq in (2, 4, 7, 9)]
    assert [row[2] == GONE for row in work.skipped()] == [True, False, True, False]


def test_an_appointment_that_others_hold_puts_off_its_row(work: Work) -> None:
    held = "SELECT id FROM appointments WHERE id = (SELECT appointment_id FROM recordings r"
    with work.clinic.connect(autocommit=False) as other:
        other.execute(f"{held} WHERE r.id = {ROW.format(seq=1)}) FOR UPDATE")
        work.batch(1)
    assert work.recorded() == (1, 1, 0, 0, 1, 1, 1)


def test_a_batch_has_the_rest_of_the_target_once_its_rows_are_locked(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.clinic.execute(LIMITS)
    clock = SimpleNamespace(monotonic=itertools.count(100, 2).__next__)
    monkeypatch.setattr("petrec.features.runs.batches.batch.time", clock)
    # Each look at the clock is 2 s after the last one.
    done = [work.batch(1), work.batch(2), work.batch(3, target_ms=1_000, alone_ms=2_000)]
    limits = work.execute("SELECT time FROM limits ORDER BY number")
    assert limits == [("5s",), ("2700ms",), ("500ms",)]
    assert [batch.took_ms for batch in done] == [6_000, 8_000, 8_000]
    assert [batch.run.batch_ms for batch in done] == [2_000, 4_000, 4_000]
    assert done[-1].run.busy_ms == 10_000


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
    assert len(spread(work.connection, work.run, work.work)) == 9
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
    work.run = replan_skips(work.connection, work.run, [3])
    assert work.recorded()[:5] == (2, 0, 2, 1, 0)
    assert work.page(2) == [3, 5]
    assert work.execute("SELECT seq FROM petrec.skips") == [(2,)]
