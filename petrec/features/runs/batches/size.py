"""The size of the next batch, from the duration of the last ones and from refused rows."""

import math
from dataclasses import dataclass, field, replace

from petrec.features.runs.batches.refused import RowRefusal

_SUSPICIOUS = 10
_GROWTH = 1.2
# A batch doubles while its rows take so small a part of the time that they are to take.
_QUICK, _QUICK_GROWTH = 1 / 8, 2
_CEILING = 20_000
# After a batch of one row, the estimate of what a further row costs counts this much.
_TRUST = 0.9
# The part of the target that further rows may add where one row alone takes all of it.
_ADDED = 0.25


@dataclass(frozen=True)
class Pace:
    """A batch size, and how long locks may be held, in milliseconds.

    `alone_ms` is what a batch of one row costs, most of it for round trips and the commit;
    `each_ms` is what a further row adds. Only where one row takes nearly all of the target, a
    larger batch may take longer.
    """

    target_ms: float
    size: int = 1
    alone_ms: float = 0
    each_ms: float = 0

    def after(self, rows: int, took_ms: float) -> "Pace":
        """Adapt to a committed batch: double while it is quick, else grow by a fifth, or shrink."""
        if rows == 0:
            return self
        known = self._measured(rows, took_ms)
        fitting = known.fitting
        if rows < self.size and took_ms < known.alone_ms + known.room_ms:
            # A page that was short because its shard ended says little about longer pages.
            fitting = max(fitting, self.size)
        is_quick = rows >= self.size and took_ms - known.alone_ms <= _QUICK * known.room_ms
        grown = max(self.size + 1, int(self.size * (_QUICK_GROWTH if is_quick else _GROWTH)))
        return replace(known, size=_bounded(min(fitting, grown)))

    def _measured(self, rows: int, took_ms: float) -> "Pace":
        if self.size == 1:
            # A network may have become slower, and a second row cheaper.
            return replace(self, alone_ms=took_ms, each_ms=_TRUST * self.each_ms)
        alone_ms = min(self.alone_ms, took_ms)
        each_ms = (took_ms - alone_ms) / (rows - 1) if rows > 1 else self.each_ms
        return replace(self, alone_ms=alone_ms, each_ms=each_ms)

    @property
    def added_ms(self) -> float:
        """Return what further rows may add, however long a batch of one row takes."""
        return _ADDED * self.alone_ms

    @property
    def room_ms(self) -> float:
        """Return what further rows are to take: half of the rest, since the target is a limit."""
        return max((self.target_ms - self.alone_ms) / 2, self.added_ms)

    @property
    def fitting(self) -> float:
        """Return the size of a batch whose rows take as long as they are to."""
        return 1 + self.room_ms / self.each_ms if self.each_ms else math.inf

    def after_timeout(self) -> "Pace":
        """Halve the size after a timeout."""
        each_ms = max(self.each_ms, 2 * self.room_ms / max(1, self.size - 1))
        return replace(self, size=_bounded(self.size / 2), each_ms=each_ms)

    def at_most(self, size: int) -> "Pace":
        """Limit the next batch to `size` rows, without a change of pace."""
        return replace(self, size=min(self.size, size))


def _bounded(size: float) -> int:
    return max(1, int(min(size, _CEILING)))


@dataclass(frozen=True)
class Halving:
    """The size of the next batch after a refusal, in rows.

    The next `suspect` rows contain a refused one; `passed` rows have been accepted since the last.
    """

    limit: int | None = None
    suspect: int = 0
    passed: int = 0

    def size(self, wanted: int) -> int:
        """Return the size of the next batch."""
        return wanted if self.limit is None else min(wanted, self.limit)

    def refused(self, rows: int) -> "Halving":
        """Continue with half of a refused batch."""
        return replace(self, suspect=rows, limit=max(1, rows // 2))

    def accepted(self, rows: int, wanted: int) -> "Halving":
        """Continue with the other half; beyond it, double up to the size `wanted`."""
        passed, suspect = self.passed + rows, max(0, self.suspect - rows)
        if self.limit is None:
            return replace(self, passed=passed)
        limit: int | None = max(1, suspect // 2) if suspect else 2 * self.limit
        if not suspect and limit is not None and limit >= wanted:
            limit = None
        return Halving(limit, suspect, passed)

    def skipped(self) -> "Halving":
        """Start again behind a refused row: the next one is probably as far away."""
        return Halving(limit=max(1, self.passed))


@dataclass
class Streak:
    """Rows refused in succession by the same object, with none accepted."""

    refusal: RowRefusal | None = None
    numbers: list[int] = field(default_factory=list)
    bound: int = _SUSPICIOUS

    def add(self, number: int, refusal: RowRefusal) -> bool:
        """Count a refused row; returns whether there are enough to look further."""
        if refusal != self.refusal:
            self.refusal, self.numbers = refusal, []
        self.numbers.append(number)
        return refusal.may_hit_all and len(self.numbers) >= self.bound

    def end(self) -> None:
        """Reset the count, because a row was accepted."""
        self.refusal, self.numbers = None, []

    def go_on(self) -> None:
        """Look further again only after twice as many."""
        self.bound *= 2
