"""The progress of another backend's statement. The server counts only index builds.

Of VALIDATE CONSTRAINT and DROP INDEX only their waits are visible: their counters of reads are
published when the statement ends.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

# Without privileges on that backend, the row exists with an empty phase.
_BUILD = text("""
SELECT phase, lockers_done, lockers_total, coalesce(current_locker_pid, 0) AS locker,
       blocks_done, blocks_total, tuples_done, tuples_total
FROM pg_stat_progress_create_index WHERE pid = :pid AND phase IS NOT NULL
""")


class Progress(Struct, frozen=True):
    """One look: `done` of `total` in `unit`, which is empty if the server counts nothing.

    `locker` is the blocking backend, 0 for none; `seconds` are the seconds since the start.
    """

    phase: str
    done: int = 0
    total: int = 0
    unit: str = ""
    locker: int = 0
    seconds: float = 0.0


@dataclass
class Look:
    """Reads the progress of a backend's statement, and passes it on."""

    pid: int
    observe: Callable[[Progress], None]
    _since: float = field(default_factory=time.monotonic)

    def __call__(self, second: Connection, blockers: list[int]) -> None:
        """Look once; without privileges, only waits are visible."""
        try:
            row = second.execute(_BUILD, {"pid": self.pid}).first()
        except DBAPIError:
            row = None
        seconds = time.monotonic() - self._since
        if row is None:
            phase = "waiting for a lock" if blockers else "running"
            locker = blockers[0] if blockers else 0
            self.observe(Progress(phase, locker=locker, seconds=seconds))
        else:
            done, total, unit = _counted(row)
            self.observe(Progress(row.phase, done, total, unit, row.locker, seconds))


def _counted(row: Any) -> tuple[int, int, str]:
    """Return the counters of the current phase: those of earlier phases stay in the view."""
    phase = str(row.phase)
    if phase.startswith("waiting"):
        return row.lockers_done, row.lockers_total, "transactions"
    if "scanning" in phase:
        return row.blocks_done, row.blocks_total, "blocks"
    if "loading" in phase:
        return row.tuples_done, row.tuples_total, "rows"
    return 0, 0, ""
