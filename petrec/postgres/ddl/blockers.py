"""The sessions that block a statement, read by a second connection."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import DBAPIError

from petrec.postgres.citus import read_node_blockers

# CREATE INDEX CONCURRENTLY waits for old snapshots, including that of this query, which ends by
# itself. Cancelling helps only for sessions that hold the lock, not for those queued behind it. An
# ordinary role does not see the type of other sessions, but only autovacuum has no role.
# A prepared transaction has no session: PostgreSQL counts it as pid 0, and its locks bear none.
_BLOCKERS = text("""
WITH held AS (
    SELECT h.pid, h.virtualtransaction FROM pg_locks w JOIN pg_locks h
      ON (h.locktype, h.database, h.relation, h.virtualxid, h.transactionid, h.classid, h.objid)
         IS NOT DISTINCT FROM
         (w.locktype, w.database, w.relation, w.virtualxid, w.transactionid, w.classid, w.objid)
    WHERE w.pid = :pid AND NOT w.granted AND h.granted
)
SELECT a.pid, a.backend_start::text AS started, coalesce(a.state, '') AS state,
       coalesce(a.backend_type, CASE WHEN a.usesysid IS NULL THEN 'autovacuum worker'
                                     ELSE 'hidden' END) AS backend_type,
       coalesce(a.usename, '') AS role, extract(epoch FROM now() - a.xact_start)::int AS seconds,
       EXISTS (SELECT FROM held WHERE held.pid = a.pid) AS holds
FROM pg_stat_activity a WHERE a.pid = ANY(pg_blocking_pids(:pid)) AND a.pid <> pg_backend_pid()
UNION ALL
SELECT 0, p.gid, 'prepared', 'prepared transaction', p.owner,
       extract(epoch FROM now() - p.prepared)::int, false
FROM pg_prepared_xacts p
WHERE 0 = ANY(pg_blocking_pids(:pid)) AND EXISTS (
    SELECT FROM pg_locks own JOIN held USING (virtualtransaction)
    WHERE own.locktype = 'transactionid' AND own.transactionid = p.transaction
      AND own.pid IS NULL AND held.pid IS NULL)
""")
# A pid may have passed to another session meanwhile; walsenders and autovacuum are never ended.
_SESSION = """FROM pg_stat_activity WHERE pid = :pid AND backend_start::text = :started
  AND backend_type = 'client backend'"""
_CANCEL = text("SELECT pg_cancel_backend(pid) " + _SESSION)
_TERMINATE = text("SELECT pg_terminate_backend(pid) " + _SESSION)
# pg_blocking_pids() stops the lock manager for a moment, so a long statement is asked less often.
_FIRST_S, _GROWTH, _SLOWEST_S = 0.05, 1.1, 1.0
_PATIENCE_S = 2.0


@dataclass
class Pressure:
    """The pressure on blockers over all attempts of a run: first cancel, then terminate."""

    tell: Callable[[str], None]
    cancelled: dict[tuple[int, str], tuple[int, float]] = field(default_factory=dict)
    terminated: set[tuple[int, str]] = field(default_factory=set)

    def press(self, second: Connection, row: Any, attempt: int) -> None:
        """Cancel blockers; terminate those that still block at a later attempt."""
        who = (int(row.pid), str(row.started))
        if row.backend_type != "client backend" or not row.holds or who in self.terminated:
            return
        values = {"pid": who[0], "started": who[1]}
        if who not in self.cancelled:
            self.cancelled[who] = (attempt, time.monotonic())
            self._do(second, "cancelling", _CANCEL, values)
        elif self._is_stubborn(who, attempt):
            self.terminated.add(who)
            self._do(second, "terminating", _TERMINATE, values)

    def _is_stubborn(self, who: tuple[int, str], attempt: int) -> bool:
        """Return whether a blocker stays; a weak lock has one long attempt, so time counts."""
        at, since = self.cancelled[who]
        return attempt != at or time.monotonic() - since > _PATIENCE_S

    def _do(
        self, second: Connection, doing: str, query: TextClause, values: dict[str, Any]
    ) -> None:
        self.tell(f"{doing} pid {values['pid']}")
        try:
            second.execute(query, values)
        except DBAPIError as error:
            self.tell(f"pid {values['pid']} could not be cancelled: {type(error.orig).__name__}")


@dataclass
class Watch:
    """Names the blockers of a backend while its statement runs; may cancel them.

    `autovacuums` are the workers that blocked, if no other session did at the last look. `look`
    is called with the second connection and the blockers, each time they are read.
    `asks_nodes` is whether sessions of other nodes of a Citus cluster may block the statement.
    """

    engine: Engine
    pid: int
    tell: Callable[[str], None]
    pressure: Pressure | None = None
    attempt: int = 0
    look: Callable[[Connection, list[int]], None] | None = None
    asks_nodes: bool = False
    blockers: dict[tuple[int, str], str] = field(default_factory=dict)
    autovacuums: frozenset[int] = frozenset()
    _stop: Event = field(default_factory=Event)

    def __enter__(self) -> "Watch":
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Watch until the statement ends; a lost connection ends only the watching."""
        # Most statements end before a second connection is worth opening.
        if self._stop.wait(_FIRST_S):
            return
        pause = 0.0
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as second:
                while not self._stop.wait(pause):
                    self._ask(second)
                    pause = min(_SLOWEST_S, max(_FIRST_S, pause * _GROWTH))
        except (DBAPIError, psycopg.Error) as error:
            self.tell(f"cannot see the blocking sessions: {type(error).__name__}")

    def _ask(self, second: Connection) -> None:
        rows = second.execute(_BLOCKERS, {"pid": self.pid}).all()
        for row in rows:
            self._note(row)
            if self.pressure is not None:
                self.pressure.press(second, row, self.attempt)
        if rows:
            alone = all(row.backend_type == "autovacuum worker" for row in rows)
            self.autovacuums = frozenset(int(row.pid) for row in rows if alone)
        if self.look is not None:
            self.look(second, [int(row.pid) for row in rows])
        if self.asks_nodes and not rows:
            self._ask_nodes(second)

    def _ask_nodes(self, second: Connection) -> None:
        """Note blockers on other nodes; what fails there does not end the watching here."""
        try:
            for row in read_node_blockers(second, self.pid):
                self._note(row, f" on {row.node}")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            self.asks_nodes = False
            self.tell(f"cannot see sessions of other nodes: {type(error.orig).__name__}")

    def _note(self, row: Any, where: str = "") -> None:
        who = (int(row.pid), str(row.started))
        if who not in self.blockers:
            self.blockers[who] = _described(row, where)
            self.tell(f"waiting for {self.blockers[who]}")


def _described(row: Any, where: str) -> str:
    if row.pid == 0:
        return (
            f"prepared transaction {row.started!r} ({row.role}, since {row.seconds} s):"
            " ROLLBACK PREPARED or COMMIT PREPARED it"
        )
    role = f", {row.role}" if row.role else ""
    state = row.state or "no state"
    since = f"transaction open for {row.seconds or 0} s"
    return f"pid {row.pid}{where} ({row.backend_type}, {state}{role}, {since})"
