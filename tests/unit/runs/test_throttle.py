"""A pause file pauses a run where it is there, or where nobody can tell."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from petrec.errors import LagUnknownError
from petrec.features.runs.batches.batch import Batch
from petrec.features.runs.driver.retry import Patience
from petrec.features.runs.driver.throttle import (
    LagMeter,
    Lap,
    Throttle,
    Throttling,
    pause_reason,
    rate_pause,
)
from tests.plugins.planned_runs import make_run


def test_a_pause_file_counts_while_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "pause"
    limits = Throttling(pause_file=file)
    assert pause_reason(Throttling()) is None
    assert pause_reason(limits) is None
    file.touch()
    assert pause_reason(limits) == f"paused by {file}"


@pytest.mark.parametrize("name", ["file/pause", "x" * 300])
def test_a_pause_file_that_cannot_be_looked_at_pauses(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    reason = pause_reason(Throttling(pause_file=tmp_path / name))
    assert reason is not None
    assert reason.startswith("paused: cannot check")


def test_a_rest_makes_up_for_what_was_faster_than_the_limit() -> None:
    assert rate_pause(Throttling(), 1000, 0) == 0
    limits = Throttling(max_rows_per_second=100)
    assert rate_pause(limits, 50, 200) == pytest.approx(0.3)
    assert rate_pause(limits, 50, 600) == 0


@pytest.mark.parametrize(
    ("waiters", "rate", "seconds", "told"),
    [
        (0, None, 0, ""),
        (0, 100, 0.3, "100 rows/s"),
        (2, None, 0.2, "2 sessions"),
        (2, 100, 0.3, "100 rows/s"),
        (2, 200, 0.2, "2 sessions"),
    ],
)
def test_a_rest_is_the_longer_one_of_two(
    waiters: int, rate: float | None, seconds: float, told: str
) -> None:
    throttle = Throttle(Throttling(max_rows_per_second=rate), observe=lambda _: None)
    rest, why = throttle._rest(Batch(make_run(), taken=50, took_ms=200, waiters=waiters))
    assert rest == pytest.approx(seconds)
    assert told in why
    assert bool(why) is bool(seconds)


def test_a_lap_lasts_from_the_last_one_without_what_a_person_paused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lap = Lap(since=10.0, paused_s=4.0)
    clock = SimpleNamespace(monotonic=iter([20.0, 25.0]).__next__)
    monkeypatch.setattr("petrec.features.runs.driver.throttle.time", clock)
    assert (lap.end(), lap.end()) == (6000, 5000)


def test_a_replica_is_as_late_as_the_primary_was_there() -> None:
    meter = LagMeter()
    meter.heads.extend([(10.0, 100), (11.0, 200), (12.0, 300)])
    assert meter._seconds(300, 15.0) == 0
    assert meter._seconds(200, 15.0) == 3
    assert meter._seconds(199, 15.0) == 4
    assert meter._seconds(0, 15.0) == 5


def replica(name: str = "r", position: int | None = 100, *, visible: bool = True) -> Any:
    return SimpleNamespace(name=name, position=position, visible=visible, head=150)


def lag(meter: LagMeter, *replicas: Any, **limits: Any) -> str | None:
    """Return what a meter says of replicas that the server lists."""
    listed = SimpleNamespace(all=lambda: list(replicas))
    connection = cast(Connection, SimpleNamespace(execute=lambda _: listed))
    return meter.reason(connection, Throttling(**{"max_lag_bytes": 50, **limits}))


def test_a_replica_may_be_as_far_behind_as_the_limits_say() -> None:
    meter = LagMeter()
    assert lag(meter) is None
    assert lag(meter, replica(), replica("s")) is None
    assert lag(meter, replica(), replica("s", 99)) == "replica 's' is 51 bytes, 0 s behind"
    assert meter.seen == {"r", "s"}
    meter.heads.appendleft((meter.heads[0][0] - 60, 101))
    assert (lag(meter, replica(), replica("s")) or "").startswith("replica 'r' is 50 bytes, 60 s")
    assert lag(meter, replica(), replica("s"), max_lag_s=600) is None


def test_a_replica_that_has_gone_is_waited_for() -> None:
    meter = LagMeter()
    assert lag(meter, replica(), replica("s")) is None
    assert "'r' is not connected" in (lag(meter, replica("s")) or "")
    assert lag(meter, ignore_lag=True) is None
    assert lag(meter, replica(), replica("s")) is None


@pytest.mark.parametrize("hidden", [replica(visible=False), replica(position=None)])
def test_a_lag_that_nobody_can_see_is_an_error(hidden: Any) -> None:
    with pytest.raises(LagUnknownError, match="replica 'r'") as unknown:
        lag(LagMeter(), hidden)
    assert unknown.value.hint


def test_waits_double_up_to_a_bound_that_never_passes_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 100.0, sleep=slept.append)
    monkeypatch.setattr("petrec.features.runs.driver.retry.time", clock)
    longest = SimpleNamespace(uniform=lambda least, most: least + most)
    monkeypatch.setattr("petrec.postgres.ddl.run.random", longest)
    patience = Patience(deadline_s=3)
    assert all(patience.wait() for _ in range(8))
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3, 3, 3]
    patience.deadline_s = 60
    assert patience.wait()
    assert slept[-1] == 5


def test_patience_ends_at_its_deadline() -> None:
    assert not Patience(deadline_s=0).wait()
    patience = Patience(deadline_s=60)
    assert patience.wait()
    assert patience.attempts == 1
    patience.since -= 61
    assert not patience.wait()
    assert patience.attempts == 2
    patience.renew()
    assert patience.wait()
