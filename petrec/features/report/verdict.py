"""The direction of the findings: what the last days have changed, beyond noise.

Findings are a count, and counts of independent events scatter by the square root of their mean
(https://en.wikipedia.org/wiki/Poisson_distribution). A move counts from twice that on.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt

from petrec.features.report.result import Direction, TrendPoint, TrendVerdict

NOTHING = TrendVerdict("unknown", "There are no recordings to check.")
# A move that is older is part of the past, whatever its size.
RECENT = timedelta(days=7)
_SCATTER = 2.0
# Of large counts this share is too little to matter.
_SHARE = 0.01


def judge(points: Sequence[TrendPoint]) -> TrendVerdict:
    """Return the verdict on the findings of a trend, the last point being now."""
    values = [point.findings for point in points]
    now = values[-1]
    if len(values) < 2:
        return TrendVerdict(
            "unknown",
            "This is the first day of this history; a trend needs two.",
            points[0].day,
            now,
        )
    if now == 0 or len(set(values)) == 1:
        return _level(points, values)
    turn = turning_point(values)
    start = max(turn, _a_week_ago(points))
    since, before = points[turn].day, values[turn]
    if abs(now - values[start]) < noise(now, values[start]):
        sentence = f"Steady at {now:,} ({_spans(points)})."
        return TrendVerdict("steady", sentence, since, before)
    word: Direction = "better" if now < before else "worse"
    sentence = f"Getting {word} since {_day(since)}: {before:,} → {now:,} ({_spans(points)})."
    return TrendVerdict(word, sentence, since, before)


def noise(one: int, other: int) -> float:
    """Return the least difference of two counts that is more than noise; any, beside zero."""
    most = max(one, other)
    return max(1.0, _SCATTER * sqrt(most), _SHARE * most) if min(one, other) else 1.0


def turning_point(values: Sequence[int]) -> int:
    """Return the index at which the current movement began: a peak or a low, not noise."""
    pivot = extreme = 0
    rising: bool | None = None
    for index, value in enumerate(values):
        if rising is None:
            if abs(value - values[pivot]) >= noise(value, values[pivot]):
                rising, extreme = value > values[pivot], index
            elif value == values[pivot]:
                pivot = index
        elif (value >= values[extreme]) if rising else (value <= values[extreme]):
            extreme = index
        elif abs(value - values[extreme]) >= noise(value, values[extreme]):
            pivot, extreme, rising = _last(values, extreme, index), index, not rising
    return pivot


def _last(values: Sequence[int], extreme: int, end: int) -> int:
    """Return the last of several equal extremes."""
    return max(i for i in range(extreme, end) if values[i] == values[extreme])


def _a_week_ago(points: Sequence[TrendPoint]) -> int:
    """Return the index of the last point that is as old as what is recent; else of the first."""
    oldest = points[-1].day - RECENT
    return max((i for i, point in enumerate(points) if point.day <= oldest), default=0)


def _level(points: Sequence[TrendPoint], values: Sequence[int]) -> TrendVerdict:
    now = values[-1]
    start = len(values) - 1
    while start and values[start - 1] == now:
        start -= 1
    since = points[start].day
    before = values[start - 1] if start else now
    if now == 0:
        was = f" (before: {before:,})" if before else ""
        return TrendVerdict("clean", f"Clean since {_day(since)}{was}.", since, before)
    return TrendVerdict("steady", f"Unchanged at {now:,} since {_day(since)}.", since, now)


def _spans(points: Sequence[TrendPoint]) -> str:
    """Return the moves since the point before and since the start, which may be the same."""
    before = dict.fromkeys((len(points) - 2, 0))
    return ", ".join(_span(points[index], points[-1]) for index in before)


def _span(earlier: TrendPoint, last: TrendPoint) -> str:
    moved = last.findings - earlier.findings
    yesterday = (last.day - earlier.day).days == 1
    change = f"{'up' if moved > 0 else 'down'} {abs(moved):,}" if moved else "no change"
    return f"{change} since {'yesterday' if yesterday else _day(earlier.day)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
