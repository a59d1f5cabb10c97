"""Rate and remaining time hold under every throttle, while a run works and after it."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.run import Run
from petrec.operations.backfill import apply_backfill
from petrec.operations.connect import connect
from petrec.operations.runs import resume, runs, undo
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, state
from tests.plugins.waiting import until

# Fewer than a busy machine writes.
LIMIT = 20.0


def test_a_rate_limit_bounds_the_rate_that_is_shown(clinic: Database) -> None:
    shown: list[Run] = []
    session = connect(clinic.dsn)
    throttled = Throttling(max_rows_per_second=LIMIT, target_ms=20)
    done = apply_backfill(session, throttling=throttled, limit=30, progress=shown.append).run
    resting = [run for run in shown if run.throttled_by]
    assert len(resting) >= 2
    assert {run.throttled_by for run in resting} == {"limited to 20 rows/s"}
    for run in resting:
        assert 0 < run.rows_per_second <= LIMIT
        assert run.eta_seconds == pytest.approx(run.remaining / run.rows_per_second)
        assert run.eta_seconds is not None
        assert run.eta_seconds >= run.remaining / LIMIT
    assert done is not None
    assert done.busy_ms >= 1000 * 30 / LIMIT
    (listed,) = runs(session).runs
    assert listed.rows_per_second <= LIMIT


def test_the_first_batch_estimates_the_rest_and_the_time_grows(clinic: Database) -> None:
    shown: list[Run] = []
    apply_backfill(connect(clinic.dsn), limit=60, progress=shown.append)
    first, *others, last = shown
    assert (first.changed, first.batches, first.eta_seconds) == (0, 0, None)
    assert others[0].eta_seconds is not None
    assert all(later.busy_ms >= earlier.busy_ms for earlier, later in pairwise(shown))
    assert (last.state, last.changed, last.eta_seconds) == ("done", 60, 0)


def test_a_resumed_run_goes_on_with_the_time_it_took_before(clinic: Database, spawn: Spawn) -> None:
    process = spawn(*APPLY, "--max-rows-per-second", "20", "--target-ms", "20", dsn=clinic.dsn)
    until(lambda: (state(clinic)[1] or "").startswith("limited"))
    process.kill()
    process.wait()
    ((before, batches),) = clinic.execute("SELECT busy_ms, batches FROM petrec.runs")
    assert (before > 0, batches > 0) == (True, True)
    shown: list[Run] = []
    done = resume(connect(clinic.dsn), 1, progress=shown.append).run
    assert shown[0].busy_ms == before
    assert done.busy_ms > before


def test_a_pause_by_a_person_is_no_part_of_the_rate(
    clinic: Database, spawn: Spawn, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    process = spawn(*APPLY, "--pause-file", str(pause), dsn=clinic.dsn)
    until(lambda: state(clinic)[1])
    ((since,),) = clinic.execute("SELECT clock_timestamp()")
    until(lambda: clinic.execute("SELECT clock_timestamp() > %s + interval '3 s'", (since,))[0][0])
    pause.unlink()
    assert process.wait(60) == 0
    query = (
        "SELECT finished_at - started_at - busy_ms * interval '1 ms' >= '2.5 s' FROM petrec.runs"
    )
    assert clinic.execute(query) == [(True,)]


def test_outcomes_say_how_long_they_took(clinic: Database, petrec: Petrec) -> None:
    assert " rows/s" in petrec(*APPLY, dsn=clinic.dsn).out
    session = connect(clinic.dsn)
    undone = undo(session, 1)
    assert f"took {undone.run.busy_ms / 1000:.1f} s, " in "\n".join(undone.document().notes)
    listed = petrec("runs", "list", "--format", "json", dsn=clinic.dsn).out
    assert all(run["busy_ms"] > 0 for run in json.loads(listed)["runs"])
