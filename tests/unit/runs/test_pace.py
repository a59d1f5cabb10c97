"""The size of a batch follows the time that the last one took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.runs.batches.size import Halving, Pace


@given(st.lists(st.tuples(st.floats(0.001, 1e6), st.booleans()), max_size=60))
def test_pace_stays_in_bounds(history: list[tuple[float, bool]]) -> None:
    pace = Pace(target_ms=250)
    for took_ms, timed_out in history:
        before = pace.size
        pace = pace.after_timeout() if timed_out else pace.after(before, took_ms)
        is_quick = not timed_out and took_ms - pace.alone_ms <= pace.room_ms / 8
        assert 1 <= pace.size <= max(before + 1, before * (2 if is_quick else 1.2))
        if timed_out:
            assert pace.size <= max(1, before / 2)


@given(st.floats(0.01, 100))
def test_pace_settles_below_the_target(ms_per_row: float) -> None:
    pace = Pace(target_ms=250)
    for _ in range(100):
        pace = pace.after(pace.size, pace.size * ms_per_row)
        assert pace.size * ms_per_row <= 250


@pytest.mark.parametrize(
    ("size", "rows", "took_ms", "after"),
    [
        (1, 1, 0, 2),
        (10, 10, 1, 20),
        (100, 100, 15, 200),
        (100, 100, 16, 120),
        (100, 99, 15, 120),
        (100, 100, 250, 50),
        (100, 50, 25, 120),
        (100, 50, 50, 120),
        (100, 5, 50, 100),
        (100, 50, 125, 50),
        (100, 100, 1e9, 1),
        (100, 0, 1e9, 100),
        (19_000, 19_000, 1, 20_000),
    ],
)
def test_a_batch_doubles_while_it_is_quick_and_aims_at_half_the_target(
    size: int, rows: int, took_ms: float, after: int
) -> None:
    assert Pace(target_ms=250, size=size).after(rows, took_ms).size == after


@given(st.floats(0.01, 100), st.floats(1, 4))
def test_rows_that_become_dearer_as_a_batch_doubles_stay_below_the_target(
    ms_per_row: float, dearer: float
) -> None:
    pace, factor = Pace(target_ms=250), 1.0
    for _ in range(20):
        before = pace.size
        pace = pace.after(before, 5 + before * ms_per_row)
        factor = dearer if pace.size > 1.2 * before + 1 else 1.0
        assert 5 + pace.size * ms_per_row * factor <= 250


@pytest.mark.parametrize("alone_ms", [1, 100, 130, 160])
def test_what_a_batch_costs_without_its_rows_does_not_keep_it_small(alone_ms: float) -> None:
    pace = Pace(target_ms=250)
    for _ in range(60):
        took_ms = alone_ms + 0.1 * pace.size
        assert took_ms <= 250
        pace = pace.after(pace.size, took_ms)
    assert pace.size == pytest.approx((250 - alone_ms) / 2 / 0.1, rel=0.05)


def test_far_from_the_server_further_rows_add_a_quarter_to_what_one_takes() -> None:
    pace = Pace(target_ms=250)
    for _ in range(60):
        took_ms = 300 + 0.1 * pace.size
        assert took_ms <= 1.26 * 300
        pace = pace.after(pace.size, took_ms)
    assert pace.size == pytest.approx(750, rel=0.05)
    assert pace.added_ms == pytest.approx(75, abs=1)


@pytest.mark.parametrize("took_ms", [5, 240])
def test_pages_of_one_row_tell_little_of_large_batches(took_ms: float) -> None:
    pace = Pace(target_ms=250, size=1000, alone_ms=5, each_ms=0.12)
    for _ in range(50):
        pace = pace.after(1, took_ms)
    assert 1000 <= pace.size <= 1030
    assert pace.alone_ms == 5


@pytest.mark.parametrize("row_ms", [140, 300])
def test_a_second_row_that_does_not_fit_is_not_tried_time_and_again(row_ms: float) -> None:
    pace, timeouts = Pace(target_ms=250), 0
    for _ in range(100):
        if pace.size > 1:
            timeouts += 1
            pace = pace.after_timeout()
        else:
            pace = pace.after(1, row_ms)
    assert 5 < timeouts < 20
    for _ in range(60):
        pace = pace.after(pace.size, row_ms + 0.1 * pace.size)
    assert pace.size > 100


def test_a_timeout_halves_and_a_bound_only_lowers() -> None:
    assert Pace(250, 101).after_timeout().size == 50
    assert Pace(250, 1).after_timeout().size == 1
    assert Pace(250, 10).at_most(4) == Pace(250, 4)
    assert Pace(250, 4).at_most(10) == Pace(250, 4)


def test_after_a_refused_batch_sizes_halve_and_then_double() -> None:
    halving = Halving().refused(100)
    assert halving == Halving(limit=50, suspect=100)
    assert (halving.size(1000), halving.size(10)) == (50, 10)
    halving = halving.accepted(50, wanted=1000)
    assert halving == Halving(limit=25, suspect=50, passed=50)
    halving = halving.accepted(50, wanted=1000)
    assert halving == Halving(limit=50, suspect=0, passed=100)
    assert halving.accepted(50, wanted=100) == Halving(limit=None, passed=150)
    assert halving.accepted(50, wanted=101) == Halving(limit=100, passed=150)
    assert halving.skipped() == Halving(limit=100)
    assert Halving().skipped() == Halving(limit=1)
    assert Halving().refused(1).limit == 1
    assert Halving().accepted(5, wanted=9) == Halving(passed=5)
