"""What an audit found by value."""

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.document import Cell, Grid
from petrec.documents.frames import records_frame
from petrec.rules import FINDINGS

if TYPE_CHECKING:
    from pandas import DataFrame

_LONGEST_LABEL = 40
_MOST_SENTENCES = 3
_MOST_STANDOUTS = 12


class OriginState(StrEnum):
    """What a line of the table stands for: one value, none, one that cannot be read, the others."""

    STATED = "stated"
    NOT_STATED = "not stated"
    NOT_READABLE = "not readable"
    OTHER = "other"


class Deviation(StrEnum):
    """Whether a value has more or less damage than the rest."""

    MORE = "more"
    LESS = "less"


class OriginValue(Struct, frozen=True):
    """The recordings with one value; percentages have 95 % intervals, of the value alone.

    `name` is the vet's, or empty. `few` is whether there are too few recordings to conclude much.
    """

    value: str
    state: OriginState
    name: str
    recordings: int
    findings: int
    percent: float
    low: float
    high: float
    few: bool
    kinds: dict[str, int]

    @property
    def label(self) -> str:
        """Return the value for people, cut if it is long.

        Quotes mark a value that would look like nothing, or like a line that stands for no value.
        """
        if self.state is not OriginState.STATED:
            return f"({self.state})"
        text = self.name or self.value
        text = text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
        return f'"{text}"' if text != text.strip() or text.startswith("(") else text or "(empty)"


class Standout(Struct, frozen=True):
    """A rate that differs from the rest of the table's; `kind` is empty for all findings together.

    Percentages; the interval is of the difference, at 95 % for all comparisons together.
    """

    value: str
    state: OriginState
    kind: str
    standing: Deviation
    percent: float
    rest_percent: float
    difference: float
    low: float
    high: float

    @property
    def label(self) -> str:
        """Return what has this rate."""
        return self.kind or "all findings"

    @property
    def range(self) -> str:
        """Return the interval of the difference."""
        return f"{self.low:+.1f} to {self.high:+.1f}"


class Origins(Struct, frozen=True):
    """Recordings by the values of one column; those that stand out come first.

    `others` is the number of values that share the line "other".
    """

    column: str
    meaning: str
    values: tuple[OriginValue, ...]
    standouts: tuple[Standout, ...]
    comparisons: int
    others: int = 0

    def standout(self, value: OriginValue) -> Standout | None:
        """Return what is most remarkable about a value: all findings before single kinds."""
        own = [s for s in self.standouts if (s.value, s.state) == (value.value, value.state)]
        return next((each for each in own if not each.kind), own[0] if own else None)

    def frame(self) -> "DataFrame":
        """Return a row for each value as a data frame."""
        return records_frame(OriginValue, self.values)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that were found."""
        found = {kind for value in self.values for kind in value.kinds}
        return tuple(kind.id for kind in FINDINGS if kind.id in found)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the outcome: the first values with more damage than the rest."""
        if self.comparisons == 0:
            return (f"{self.column} has no two values to compare",)
        pairs = ((value, self.standout(value)) for value in self.values)
        more = [(v, s) for v, s in pairs if s is not None and s.standing is Deviation.MORE]
        if not more:
            return (f"no value of {self.column} has more damage than the rest, beyond chance",)
        return tuple(self._sentence(*pair) for pair in more[:_MOST_SENTENCES])

    def _sentence(self, value: OriginValue, standout: Standout) -> str:
        what = f"are {standout.kind}" if standout.kind else "need attention"
        return (
            f"{self.column} {value.label} stands out: {standout.percent:.2f} % of its "
            f"{value.recordings:,} recordings {what}, {standout.rest_percent:.2f} % of the rest"
        )

    def grids(self) -> tuple[Grid, ...]:
        """Return the values, and what stands out."""
        columns = (self.column, "recordings", "findings", "percent", "95 % range", "than the rest")
        rows = tuple((*self._cells(value), *self._counts(value)) for value in self.values)
        values = Grid(f"By {self.meaning}", (*columns, *self.kinds), rows)
        return values, self._remarkable()

    def _cells(self, value: OriginValue) -> tuple[Cell, ...]:
        label = f"({self.others:,} others)" if value.state is OriginState.OTHER else value.label
        span = f"{value.low:.1f}-{value.high:.1f}"
        return label, value.recordings, value.findings, value.percent, span, self._standing(value)

    def _standing(self, value: OriginValue) -> str:
        standout = self.standout(value)
        if standout is None:
            return "few recordings" if value.few else ""
        return "in some kinds" if standout.kind else standout.standing

    def _counts(self, value: OriginValue) -> tuple[Cell, ...]:
        return tuple(value.kinds.get(kind) for kind in self.kinds)

    def _remarkable(self) -> Grid:
        columns = (self.column, "of what", "percent", "of the rest", "difference")
        labels = {(value.value, value.state): value.label for value in self.values}
        shown = self.standouts[:_MOST_STANDOUTS]
        rows = tuple(
            (labels[s.value, s.state], s.label, s.percent, s.rest_percent, s.range) for s in shown
        )
        part = f", the first {len(shown)} of {len(self.standouts)}"
        title = "What stands out, beyond chance"
        return Grid(title + part * (len(shown) < len(self.standouts)), columns, rows)
