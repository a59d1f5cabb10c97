"""What a run's record tells of it."""

import pytest

from petrec.features.runs.run import RunState, Target
from tests.plugins.planned_runs import make_run


def test_what_remains_is_neither_changed_nor_skipped() -> None:
    run = make_run(planned=10, changed=5, skipped=2, busy_ms=3500)
    assert run.remaining == 3
    assert run.rows_per_second == 2
    assert run.eta_seconds == 1.5


def test_the_speed_is_told_as_people_read_it() -> None:
    assert make_run(changed=150, busy_ms=90_000).speed == "took 1 min 30 s, 1.7 rows/s"


def test_without_a_batch_there_is_no_rate() -> None:
    run = make_run(planned=10)
    assert run.rows_per_second == 0
    assert run.eta_seconds is None


@pytest.mark.parametrize(
    ("state", "held", "shown"),
    [
        (RunState.RUNNING, True, "running"),
        (RunState.RUNNING, False, "interrupted"),
        (RunState.STOPPED, False, "stopped"),
        (RunState.DONE, True, "done"),
    ],
)
def test_a_running_run_without_its_process_is_interrupted(
    state: RunState, held: bool, shown: str
) -> None:
    assert make_run(state=state, held=held).shown_state == shown


def test_a_resumed_run_tells_both_counts() -> None:
    assert "9" in make_run(changed=9, before=4).in_all
    assert make_run(changed=9).in_all == ""


def test_only_unconfirmed_standbys_are_worth_a_warning() -> None:
    assert make_run().warning == ""
    warning = make_run(unconfirmed="ANY 1 (a)").warning
    assert "run 7 " in warning
    assert "'ANY 1 (a)'" in warning


def test_a_target_writes_what_is_decided_and_what_is_touched() -> None:
    target = Target("t", ("id",), "pet", touch=("updated_at",), also=("appointment_id",))
    assert target.decided == ("pet_id", "appointment_id")
    assert target.columns == ("pet_id", "appointment_id", "updated_at")
