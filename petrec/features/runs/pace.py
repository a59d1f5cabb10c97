"""How many rows the next batch takes, from how long the last ones took."""

from dataclasses import dataclass, replace

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
