"""Run one DDL statement with a wait that suits its lock.

A strong lock that waits blocks everyone behind it, so it waits briefly and retries. A weak one
blocks nobody, and a short timeout would only break index builds, so it waits up to the deadline.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from petrec.errors import TimedOutError
from petrec.postgres.citus import has_workers
from petrec.postgres.ddl.blockers import Pressure, Watch
from petrec.postgres.ddl.progress import Look, Progress

# A commit that waits for a synchronous standby holds its locks, and no timeout ends that wait. A
# step that a failover loses is missing in the catalog and is done again, so no step waits.
# https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
_SET = text("SELECT pg_backend_pid(), set_config('lock_timeout', :lock, false),"
            " set_config('statement_timeout', :statement, false),"
            " set_config('synchronous_commit', 'local', false)")  # fmt: skip
# A worker learns of a SET LOCAL in the transaction that reaches it, and of no other setting.
_PROPAGATE = text("""
SELECT set_config('citus.propagate_set_commands', 'local', false)
FROM pg_extension WHERE extname = 'citus'
""")
_DEADLOCK = text("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'")
_BASE_S, _CAP_S = 0.1, 3.0


def jittered(attempts: int, base_s: float, cap_s: float) -> float:
    """Return a random pause after failed attempts, in seconds; each doubles its bound."""
    bound = min(cap_s, base_s * 2 ** min(attempts, 10))
    return random.uniform(0, bound)  # noqa: S311 - jitter, not a secret


@dataclass(frozen=True)
class LockPolicy:
    """The lock timeout, the deadline, and whether to cancel blockers."""

    lock_timeout_ms: int = 300
    deadline_s: float = 3600.0
    cancel_blockers: bool = False


class Runner:
    """Executes statements on one autocommit connection until a common deadline.

    `observe` can be set for each statement; it is called when a statement starts, and for long
    ones also from a thread while they run.
    """

    def __init__(
        self,
        engine: Engine,
        connection: Connection,
        limits: LockPolicy,
        tell: Callable[[str], None],
    ) -> None:
        self.engine = engine
        self.connection = connection
        self.limits = limits
        self.tell = tell
        self.observe: Callable[[Progress], None] = lambda _: None
        self.end = time.monotonic() + limits.deadline_s
        self.attempt = 0
        self._longer = False
        self._firm: set[int] = set()
        self._pressure = Pressure(tell) if limits.cancel_blockers else None
        self._blockers: dict[tuple[int, str], str] = {}

    def run(self, sql: str, *, short: bool) -> bool:
        """Try once; return False if a lock could not be acquired in time; errors: TimedOutError."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise self._late()
        pid = self._set(self._lock_timeout() if short else 0, max(1, int(left * 1000)))
        self.observe(Progress("starting"))
        look = None if short else Look(pid, self.observe)
        watch = Watch(
            self.engine, pid, self.tell, self._pressure, self.attempt, look, self._has_nodes
        )
        try:
            with watch:
                self._execute(sql.replace("%", "%%"), short=short)
        except DBAPIError as error:
            self._blockers |= watch.blockers
            self._consider(watch.autovacuums)
            self._judge(error)
            return False
        self.attempt, self._longer = 0, False
        self._blockers.clear()
        return True

    @cached_property
    def _has_nodes(self) -> bool:
        return has_workers(self.connection)

    @cached_property
    def _propagates(self) -> bool:
        """Return whether the server is one of Citus, whose workers now get each SET LOCAL."""
        return bool(self.connection.scalar(_PROPAGATE))

    def _consider(self, autovacuums: frozenset[int]) -> None:
        """Consider autovacuum: it yields after deadlock_timeout, but never against wraparound."""
        if self._longer:
            self._firm |= autovacuums
        self._longer = not autovacuums <= self._firm

    def _judge(self, error: DBAPIError) -> None:
        if isinstance(error.orig, pg.QueryCanceled) and time.monotonic() >= self.end - 0.05:
            raise self._late() from None
        if not isinstance(error.orig, (pg.LockNotAvailable, pg.DeadlockDetected)):
            raise error
        self.attempt += 1
        left = max(0.0, self.end - time.monotonic())
        time.sleep(min(left, jittered(self.attempt, _BASE_S, _CAP_S)))

    def _lock_timeout(self) -> int:
        """Return the timeout; one long wait if only autovacuum blocks."""
        if not self._longer:
            return self.limits.lock_timeout_ms
        return max(self.limits.lock_timeout_ms, int(self.connection.scalar(_DEADLOCK) or 0) + 200)

    def _execute(self, statement: str, *, short: bool) -> None:
        """Execute a statement; on Citus the workers, too, wait no longer than the lock timeout."""
        execute = self.connection.exec_driver_sql
        if not (short and self._propagates):
            with _unprepared(self.connection):
                execute(statement)
            return
        execute("BEGIN")
        try:
            execute(f"SET LOCAL lock_timeout = {self._lock_timeout()}")
            with _unprepared(self.connection):
                execute(statement)
            execute("COMMIT")
        except DBAPIError:
            execute("ROLLBACK")
            raise

    def _set(self, lock: int, statement: int) -> int:
        """Set both timeouts; returns the session's pid."""
        values = {"lock": f"{lock}ms", "statement": f"{statement}ms"}
        return int(self.connection.scalar(_SET, values) or 0)

    def _late(self) -> TimedOutError:
        who = "; ".join(self._blockers.values())
        reason = f"the deadline of {self.limits.deadline_s:g} s has passed"
        return TimedOutError(
            f"{reason}; blocked by {who}" if who else reason,
            hint="run the same command again to finish",
        )


@contextmanager
def _unprepared(connection: Connection) -> Iterator[None]:
    """Prepare nothing in the block, so that the driver keeps what it has prepared.

    After an ALTER or a DROP it would let go of all. What petrec repeats here reads the catalog.
    """
    driver: Any = connection.connection.driver_connection
    kept, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = kept
