"""The size of a batch follows the time that the last one took."""

from hypothesis import given
from hypothesis import strategies as st

from petrec.features.runs.batches.size import Pace


@given(st.lists(st.tuples(st.floats(0.001, 1e6), st.booleans()), max_size=60))
def test_pace_stays_in_bounds(history: list[tuple[float, bool]]) -> None:
    pace = Pace(target_ms=250)
    for took_ms, timed_out in history:
        before = pace.size
        pace = pace.after_timeout() if timed_out else pace.after(before, took_ms)
        assert 1 <= pace.size <= max(before + 1, before * 1.2)
        if timed_out:
            assert pace.size <= max(1, before / 2)


@given(st.floats(0.01, 100))
def test_pace_settles_below_the_target(ms_per_row: float) -> None:
    pace = Pace(target_ms=250)
    for _ in range(100):
        pace = pace.after(pace.size, pace.size * ms_per_row)
        assert pace.size * ms_per_row <= 250
