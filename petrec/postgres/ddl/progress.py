"""How far another backend's statement is. Only index builds are counted by the server.

Of VALIDATE CONSTRAINT and DROP INDEX nothing is to be seen but whether they wait: their counters
of reads are published when the statement ends.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

# The row is there with an empty phase where the role may not look into that backend.
_BUILD = text("""
SELECT phase, lockers_done, lockers_total, coalesce(current_locker_pid, 0) AS locker,
       blocks_done, blocks_total, tuples_done, tuples_total
FROM pg_stat_progress_create_index WHERE pid = :pid AND phase IS NOT NULL
""")


class Progress(Struct, frozen=True):
    """One look: `done` of `total` in `unit`, which is empty where the server counts nothing.

    `locker` is the backend that is waited for now, 0 for none; `seconds` are those since the start.
    """

    phase: str
    done: int = 0
    total: int = 0
    unit: str = ""
    locker: int = 0
    seconds: float = 0.0


@dataclass
class Look:
    """Reads how far the statement of one backend is, and hands it on."""

    pid: int
    observe: Callable[[Progress], None]
    _since: float = field(default_factory=time.monotonic)

    def __call__(self, second: Connection, blockers: list[int]) -> None:
        """Look once; where nothing may be read, only whether it waits is known."""
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
    """Counters of earlier phases stay in the view, so the phase says which of them count."""
    phase = str(row.phase)
    if phase.startswith("waiting"):
        return row.lockers_done, row.lockers_total, "transactions"
    if "scanning" in phase:
        return row.blocks_done, row.blocks_total, "blocks"
    if "loading" in phase:
        return row.tuples_done, row.tuples_total, "rows"
    return 0, 0, ""
