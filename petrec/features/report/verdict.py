"""The direction of the findings: the last turning point of a series."""

from collections.abc import Sequence
from datetime import date

from petrec.features.report.result import Direction, TrendPoint, TrendVerdict

NOTHING = TrendVerdict("unknown", "There are no recordings to check.")
# A move against the trend counts as a turn from this share of the range on: less is noise.
TURN = 0.1


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
    before, since = values[turn], points[turn].day
    word: Direction = "better" if now < before else "worse"
    sentence = f"Getting {word} since {_day(since)}: {before:,} → {now:,}."
    return TrendVerdict(word, sentence, since, before)


def turning_point(values: Sequence[int]) -> int:
    """Return the index at which the current movement began: a peak or a low, not noise."""
    least = max(1.0, TURN * (max(values) - min(values)))
    pivot = extreme = 0
    rising: bool | None = None
    for index, value in enumerate(values):
        if rising is None:
            if abs(value - values[pivot]) >= least:
                rising, extreme = value > values[pivot], index
            elif value == values[pivot]:
                pivot = index
        elif (value >= values[extreme]) if rising else (value <= values[extreme]):
            extreme = index
        elif abs(value - values[extreme]) >= least:
            pivot, extreme, rising = _last(values, extreme, index), index, not rising
    return pivot


def _last(values: Sequence[int], extreme: int, end: int) -> int:
    """Return the last of several equal extremes."""
    return max(i for i in range(extreme, end) if values[i] == values[extreme])


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


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
