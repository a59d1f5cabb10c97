"""How many rows the next batch takes, from how long the last ones took and what was refused."""

from dataclasses import dataclass, field, replace

from petrec.features.runs.batches.refused import RowRefusal

_SUSPICIOUS = 10
_GROWTH = 1.2
_CEILING = 20_000
# Aim below the target: it is a limit on how long locks are held, not an average.
_AIM = 0.5


@dataclass(frozen=True)
class Pace:
    """A batch size and the lock-holding time it must not exceed, milliseconds."""

    target_ms: float
    size: int = 1

    def after(self, rows: int, took_ms: float) -> "Pace":
        """Adapt to a batch that was committed: grow by a fifth at most, shrink as needed."""
        if rows == 0:
            return self
        fitting = rows * _AIM * self.target_ms / max(took_ms, 0.001)
        grown = max(self.size + 1, int(self.size * _GROWTH))
        return self._resized(min(fitting, grown))

    def after_timeout(self) -> "Pace":
        """Halve."""
        return self._resized(self.size / 2)

    def at_most(self, size: int) -> "Pace":
        """Take no more than `size` rows, without a change of pace."""
        return replace(self, size=min(self.size, size))

    def _resized(self, size: float) -> "Pace":
        return replace(self, size=max(1, min(int(size), _CEILING)))


@dataclass(frozen=True)
class Halving:
    """How many rows the next batch may take; sizes are numbers of rows.

    `suspect` next rows hold a refused one; `passed` have been accepted since the last refused one.
    """

    limit: int | None = None
    suspect: int = 0
    passed: int = 0

    def size(self, wanted: int) -> int:
        """Return the size of the next batch."""
        return wanted if self.limit is None else min(wanted, self.limit)

    def refused(self, rows: int) -> "Halving":
        """Take half of a batch that was refused."""
        return replace(self, suspect=rows, limit=max(1, rows // 2))

    def accepted(self, rows: int, wanted: int) -> "Halving":
        """Go on in the other half; beyond it, double up to the size `wanted`."""
        passed, suspect = self.passed + rows, max(0, self.suspect - rows)
        if self.limit is None:
            return replace(self, passed=passed)
        limit: int | None = max(1, suspect // 2) if suspect else 2 * self.limit
        if not suspect and limit is not None and limit >= wanted:
            limit = None
        return Halving(limit, suspect, passed)

    def skipped(self) -> "Halving":
        """Begin again behind a refused row: the next one is likely to be as far away."""
        return Halving(limit=max(1, self.passed))


@dataclass
class Streak:
    """Rows refused one after the other by the same object, while none was accepted."""

    refusal: RowRefusal | None = None
    numbers: list[int] = field(default_factory=list)
    bound: int = _SUSPICIOUS

    def add(self, number: int, refusal: RowRefusal) -> bool:
        """Count a refused row; returns whether so many must be looked into."""
        if refusal != self.refusal:
            self.refusal, self.numbers = refusal, []
        self.numbers.append(number)
        return refusal.may_hit_all and len(self.numbers) >= self.bound

    def end(self) -> None:
        """Forget the refused rows: others are accepted."""
        self.refusal, self.numbers = None, []

    def go_on(self) -> None:
        """Ask again only after twice as many."""
        self.bound *= 2
