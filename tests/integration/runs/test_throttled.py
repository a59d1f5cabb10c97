"""A run that waits between batches records why, and what it waited counts as the limits say."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import ProgrammingError

from petrec.errors import RunStoppedError
from petrec.features.runs.batches.batch import Batch
from petrec.features.runs.driver.throttle import Lap, Throttle, Throttling
from petrec.features.runs.journal.store import create_run, read_run
from petrec.features.runs.journal.tables import runs
from petrec.features.runs.run import Action, Run
from tests.plugins.databases import Database
from tests.plugins.planned_runs import TARGET


@pytest.fixture
def run(clinic_engine: Engine) -> Run:
    with clinic_engine.begin() as connection:
        return read_run(connection, TARGET.name, create_run(connection, Action.BACKFILL, TARGET))


class Late:
    """A replica that stays behind."""

    def reason(self, _: Connection, __: Throttling) -> str:
        return "replica 'r' is behind"


class OneSecond(Lap):
    """A lap that took a second."""

    def end(self) -> float:
        return 1000.0


def recorded(connection: Connection) -> tuple[str | None, float]:
    row = connection.execute(select(runs.c.throttled_by, runs.c.busy_ms)).one()
    connection.rollback()
    return row.throttled_by, row.busy_ms


def test_a_pause_is_told_once_and_is_no_time_of_the_run(
    run: Run, clinic_engine: Engine, tmp_path: Path
) -> None:
    file, told = tmp_path / "pause", list[Run]()

    def observe(now: Run) -> None:
        told.append(now)
        file.unlink()

    file.touch()
    throttle = Throttle(Throttling(pause_file=file, deadline_s=0), observe)
    with clinic_engine.connect() as connection:
        throttle.wait_while_throttled(connection, run)
        assert recorded(connection)[0] == f"paused by {file}"
    assert [each.throttled_by for each in told] == [f"paused by {file}"]
    assert throttle.lap.paused_s > 0
    assert throttle.lap.end() < 1000 * throttle.lap.paused_s + 60_000


def test_a_replica_is_waited_for_up_to_the_deadline(run: Run, clinic_engine: Engine) -> None:
    told: list[Run] = []
    throttle = Throttle(Throttling(deadline_s=0.3), told.append)
    throttle.lag = Late()  # type: ignore[assignment]
    with clinic_engine.connect() as connection:
        with pytest.raises(RunStoppedError, match=rf"run {run.id} .* waited 0.3 s: replica 'r'"):
            throttle.wait_while_throttled(connection, run)
        assert recorded(connection)[0] == "replica 'r' is behind"
    assert len(told) == 1
    assert throttle.lap.paused_s == 0


@pytest.mark.parametrize(
    ("waiters", "rest_s", "why"), [(0, 0, None), (2, 0.05, "pausing for 2 sessions")]
)
def test_the_rest_after_a_batch_counts_as_time_of_the_run(
    run: Run, clinic_engine: Engine, waiters: int, rest_s: float, why: str | None
) -> None:
    told: list[Run] = []
    throttle = Throttle(Throttling(), told.append, lap=OneSecond())
    with clinic_engine.connect() as connection:
        batch = Batch(run, taken=5, took_ms=50, waiters=waiters)
        after = throttle.rest_after(connection, run, batch)
        assert after.busy_ms == run.busy_ms + 1000 + 1000 * rest_s
        by, busy_ms = recorded(connection)
    assert ([by or ""], busy_ms) == (
        [each.throttled_by or "" for each in told],
        after.busy_ms if why else run.busy_ms,
    )
    assert (by or "").startswith(why or "")
    assert bool(by) is bool(why)


def test_a_reason_that_cannot_be_recorded_for_now_is_told_still(
    run: Run, clinic_engine: Engine, clinic: Database
) -> None:
    told: list[Run] = []
    throttle = Throttle(Throttling(), told.append)
    with (
        clinic.connect(autocommit=False) as other,
        clinic_engine.connect() as connection,
    ):
        connection.execute(text("SET lock_timeout = '50ms'"))
        connection.commit()
        other.execute("SELECT FROM petrec.runs FOR UPDATE")
        throttle._report(connection, run, "why")
        assert [each.throttled_by for each in told] == ["why"]
        other.execute("DROP TABLE petrec.runs CASCADE")
        other.commit()
        with pytest.raises(ProgrammingError):
            throttle._report(connection, run, "why")
