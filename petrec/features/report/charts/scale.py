"""Convert values and days to positions on the page; choose readable ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_STEPS = (1, 2, 5, 10)
# The longest number that is written in full, in characters with its separators.
_MOST_DIGITS = 7


@dataclass(frozen=True)
class Plot:
    """The area inside the axes."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Return the width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return the height."""
        return self.bottom - self.top

    def x(self, day: date, days: Sequence[date]) -> float:
        """Return where a day is; a single day is in the middle."""
        span = (days[-1] - days[0]).days
        share = (day - days[0]).days / span if span else 0.5
        return self.left + share * self.width

    def y(self, value: float, most: float, least: float = 0.0) -> float:
        """Return where a value is."""
        return self.bottom - (value - least) / (most - least) * self.height


def ticks(most: int, wanted: int = 4) -> list[int]:
    """Return whole round numbers from 0 to at least `most`."""
    rough = max(most, 1) / wanted
    power = 10 ** math.floor(math.log10(rough)) if rough > 1 else 1
    step = next(factor * power for factor in _STEPS if factor * power >= rough)
    return [step * index for index in range(math.ceil(max(most, 1) / step) + 1)]


def day_ticks(days: Sequence[date], wanted: int = 6) -> list[date]:
    """Return at most `wanted` days, evenly apart, the last one among them."""
    span = (days[-1] - days[0]).days
    step = max(1, math.ceil(span / max(1, wanted - 1)))
    found = [days[-1] - timedelta(days=back) for back in range(0, span + 1, step)]
    return sorted(found)


def short(day: date) -> str:
    """Return a day as people write it where the year is clear."""
    return f"{day.day} {day:%b}"


def compact(value: int) -> str:
    """Return a number for an axis: 12k, 1.5M."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{sign}"
    return str(value)


def brief(value: int) -> str:
    """Return a number in full unless it is long: 123,456 or 1.2M."""
    full = f"{value:,}"
    return full if len(full) <= _MOST_DIGITS else compact(round(value, 2 - len(str(value))))
