"""Reasons to hold back: a pause file, replicas that lag, a rate limit, sessions kept waiting."""

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, text

from petrec.errors import LagUnknownError

_REPLICAS = text("""
SELECT concat_ws(' ', nullif(application_name, ''), host(client_addr)) AS name,
       state IS NOT NULL AS visible,
       coalesce(replay_lsn, flush_lsn, write_lsn) - '0/0'::pg_lsn AS position,
       pg_current_wal_lsn() - '0/0'::pg_lsn AS head
FROM pg_stat_replication
""")


@dataclass(frozen=True)
class Limits:
    """How far a run may go: milliseconds, bytes, seconds, rows per second, seconds."""

    target_ms: float = 250.0
    max_lag_bytes: int = 64 * 1024 * 1024
    max_lag_s: float = 10.0
    ignore_lag: bool = False
    max_rows_per_second: float | None = None
    pause_file: Path | None = None
    deadline_s: float = 300.0


@dataclass
class LagMeter:
    """Replication lag in bytes, and in seconds since the primary was where a replica is now."""

    heads: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=10_000))
    seen: set[str] = field(default_factory=set)

    def reason(self, connection: Connection, limits: Limits) -> str | None:
        """Say which replica is too far behind; errors: LagUnknownError."""
        if limits.ignore_lag:
            return None
        replicas = connection.execute(_REPLICAS).all()
        now = time.monotonic()
        for replica in replicas:
            if not replica.visible or replica.position is None:
                raise LagUnknownError(
                    f"the lag of replica {replica.name!r} cannot be read",
                    hint="GRANT pg_monitor to the role, or give --ignore-lag",
                )
        for absent in self.seen - {replica.name for replica in replicas}:
            return f"replica {absent!r} is not connected, its lag is unknown"
        self.seen |= {replica.name for replica in replicas}
        for replica in replicas:
            self.heads.append((now, int(replica.head)))
            behind = int(replica.head - replica.position)
            seconds = self._seconds(int(replica.position), now)
            if behind > limits.max_lag_bytes or seconds > limits.max_lag_s:
                return f"replica {replica.name!r} is {behind} bytes, {seconds:.0f} s behind"
        return None

    def _seconds(self, position: int, now: float) -> float:
        ahead = (moment for moment, head in self.heads if head > position)
        return now - next(ahead, now)


def pause_reason(limits: Limits) -> str | None:
    """Return the pause file that a person has made; one that cannot be looked at counts, too."""
    file = limits.pause_file
    if file is None:
        return None
    try:
        file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"paused: cannot look at {file}: {error.strerror}"
    return f"paused by {file}"


def rate_pause(limits: Limits, rows: int, took_ms: float) -> float:
    """Return how many seconds to rest so that the rate limit holds."""
    if not limits.max_rows_per_second:
        return 0.0
    return max(0.0, rows / limits.max_rows_per_second - took_ms / 1000)
