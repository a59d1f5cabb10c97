"""The time series, by pandas: days or weeks of findings and of what moved within them."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd

from petrec.features.report.result import PastRun, TrendPoint

MOST_POINTS = 120
_MOVES = ("new", "fixed", "reappeared")


def trend(runs: Sequence[PastRun], days: int) -> tuple[tuple[TrendPoint, ...], bool]:
    """Return the last `days` days that have runs, and whether they were grouped to weeks.

    A day has the findings of its last run and the sum of its movements, so several runs per day, or
    none, are correct. The last of `runs` is the current one: runs with a later date, from a wrong
    clock, are ignored.
    """
    now = runs[-1].taken_at
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    frame = _frame([run for run in runs if start <= run.taken_at <= now])
    times = pd.DatetimeIndex(frame.index)
    weekly = times.normalize().nunique() > MOST_POINTS
    buckets = times.tz_localize(None).to_period("W" if weekly else "D")
    grouped = frame.groupby(buckets)
    ends = grouped.last()
    sums = grouped[list(_MOVES)].sum()
    return tuple(_point(day, ends.loc[day], sums.loc[day]) for day in ends.index), weekly


def _frame(runs: Sequence[PastRun]) -> pd.DataFrame:
    rows = []
    for run in runs:
        moved = run.movement()
        rows.append(
            {
                "findings": run.findings,
                "counts": run.counts,
                "new": moved.new,
                "fixed": moved.fixed,
                "reappeared": moved.reappeared,
            }
        )
    times = pd.DatetimeIndex(pd.to_datetime([run.taken_at for run in runs], utc=True))
    return pd.DataFrame(rows, index=times).sort_index(kind="stable")


def _point(day: pd.Period, end: "pd.Series[int]", moves: "pd.Series[int]") -> TrendPoint:
    counts: dict[str, int] = dict(end["counts"])  # type: ignore[call-overload]
    return TrendPoint(
        day=day.start_time.date(),
        findings=int(end["findings"]),
        counts=counts,
        new=int(moves["new"]),
        fixed=int(moves["fixed"]),
        reappeared=int(moves["reappeared"]),
    )
