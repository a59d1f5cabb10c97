"""What is wrong with the lines of a plan, in few words however many lines there are."""

from dataclasses import dataclass, field
from pathlib import Path

# Beyond these numbers, reasons and places are counted, not shown.
_MOST_REASONS, _MOST_RANGES = 12, 8


@dataclass
class _FaultyLines:
    """The first lines with a fault, as ranges; `count` is the number of all."""

    count: int = 0
    ranges: list[list[int]] = field(default_factory=list)
    _more: int = 0

    def add(self, number: int) -> None:
        self.count += 1
        if self.ranges and number == self.ranges[-1][1] + 1 and not self._more:
            self.ranges[-1][1] = number
        elif len(self.ranges) < _MOST_RANGES:
            self.ranges.append([number, number])
        else:
            self._more += 1

    def __str__(self) -> str:
        shown = (f"{first}-{last}" if last > first else str(first) for first, last in self.ranges)
        return ", ".join(shown) + (f" and {self._more:,} more" if self._more else "")


@dataclass
class PlanFaults:
    """The faults of a plan by their reasons; memory does not grow with their number."""

    count: int = 0
    _places: dict[str, _FaultyLines] = field(default_factory=dict)
    _others: int = 0

    def add(self, number: int, reason: str) -> None:
        """Add a fault of a line; 0 is the whole file."""
        self.count += 1
        if reason in self._places or len(self._places) < _MOST_REASONS:
            self._places.setdefault(reason, _FaultyLines()).add(number)
        else:
            self._others += 1

    def describe(self, path: Path) -> str:
        """Return the faults as a text, a reason a line."""
        noun = "fault" if self.count == 1 else "faults"
        lines = [f"{path} cannot be used as a plan: {self.count:,} {noun}"]
        for reason, places in self._places.items():
            place = f"line {places}: " if places.ranges[0][0] else ""
            lines.append(f"  {place}{reason}")
        if self._others:
            lines.append(f"  {self._others:,} more for other reasons")
        return "\n".join(lines)
