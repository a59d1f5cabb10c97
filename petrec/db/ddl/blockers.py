"""Who a waiting statement waits for, asked by a second connection."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

_BLOCKERS = text("""
SELECT a.pid, a.backend_type, coalesce(a.state, '') AS state, coalesce(a.usename, '') AS role,
       left(coalesce(a.query, ''), 200) AS query,
       extract(epoch FROM now() - a.xact_start)::int AS seconds
FROM pg_stat_activity a WHERE a.pid = ANY(pg_blocking_pids(:pid))
""")
_CANCEL = text("SELECT pg_cancel_backend(:pid)")
_TERMINATE = text("SELECT pg_terminate_backend(:pid)")
_EVERY_S = 0.05
_TERMINATE_AFTER = 40


@dataclass
class Watch:
    """Names the blockers of one backend while a statement of it runs; may cancel them."""

    engine: Engine
    pid: int
    tell: Callable[[str], None]
    cancel: bool = False
    blockers: dict[int, str] = field(default_factory=dict)
    autovacuum_only: bool = False
    _stop: Event = field(default_factory=Event)
    _seen: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> "Watch":
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Look until the statement has ended; a lost connection ends only the looking."""
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as second:
                while not self._stop.wait(_EVERY_S):
                    rows = second.execute(_BLOCKERS, {"pid": self.pid}).all()
                    for row in rows:
                        self._note(row)
                        if self.cancel and row.backend_type == "client backend":
                            self._end(second, row.pid)
                    if rows:
                        kinds = {row.backend_type for row in rows}
                        self.autovacuum_only = kinds == {"autovacuum worker"}
        except (DBAPIError, psycopg.Error) as error:
            self.tell(f"cannot see who blocks: {type(error).__name__}")

    def _note(self, row: object) -> None:
        pid = int(row.pid)  # type: ignore[attr-defined]
        if pid not in self.blockers:
            said = (
                f"pid {pid} ({row.backend_type}, {row.state or 'no state'}"  # type: ignore[attr-defined]
                f"{', ' + row.role if row.role else ''}"  # type: ignore[attr-defined]
                f", transaction open for {row.seconds or 0} s)"  # type: ignore[attr-defined]
            )
            self.blockers[pid] = said
            self.tell(f"waiting for {said}")

    def _end(self, second: object, pid: int) -> None:
        """Cancel first; terminate what still blocks, such as an idle transaction."""
        self._seen[pid] = self._seen.get(pid, 0) + 1
        if self._seen[pid] == 1:
            self.tell(f"cancelling pid {pid}")
            second.execute(_CANCEL, {"pid": pid})  # type: ignore[attr-defined]
        elif self._seen[pid] == _TERMINATE_AFTER:
            self.tell(f"terminating pid {pid}")
            second.execute(_TERMINATE, {"pid": pid})  # type: ignore[attr-defined]
