"""Open transactions that the plan would wait for, found before the first statement."""

from msgspec import Struct
from sqlalchemy import Connection, text

from petrec.features.constraints.result import ConstraintsPlan

# Concurrent builds wait for lock holders on the table and, at the end, for every older
# snapshot; other DDL waits for lock holders only. Autovacuum gives way. Of sessions of other roles
# we see role and locks only, and autovacuum has no role. A prepared transaction has no snapshot.
_OPEN = text("""
WITH wanted AS (
    SELECT to_regclass(name)::oid AS oid FROM unnest(CAST(:tables AS text[])) AS name
), held AS (
    SELECT DISTINCT pid, virtualtransaction FROM pg_locks
    WHERE granted AND relation IN (SELECT oid FROM wanted)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), session AS (
    SELECT a.pid, '' AS gid, coalesce(a.usename::text, '') AS role,
           coalesce(a.state, a.backend_type, '') AS state, a.xact_start AS since,
           EXISTS (SELECT FROM held WHERE held.pid = a.pid) AS on_tables, a.backend_xmin,
           a.xact_start IS NULL AND a.state IS NULL
           AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid'
                       AND l.granted) AS hidden
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND (a.backend_type <> 'autovacuum worker'
           OR (a.backend_type IS NULL AND a.usesysid IS NOT NULL))
), prepared AS (
    SELECT 0 AS pid, p.gid, p.owner::text AS role, 'prepared' AS state, p.prepared AS since
    FROM pg_prepared_xacts p
    WHERE p.database = current_database() AND EXISTS (
        -- Its locks bear no pid; the one on its own number leads to the others.
        SELECT FROM pg_locks own JOIN held USING (virtualtransaction)
        WHERE own.locktype = 'transactionid' AND own.transactionid = p.transaction
          AND own.pid IS NULL AND held.pid IS NULL)
)
SELECT pid, gid, role, state, since, on_tables, hidden,
       extract(epoch FROM clock_timestamp() - since)::int AS seconds
FROM (
    SELECT pid, gid, role, state, since, on_tables, hidden FROM session
    WHERE hidden OR (since < clock_timestamp() - make_interval(secs => :older_than_s)
                     AND (on_tables OR (:builds AND backend_xmin IS NOT NULL)))
    UNION ALL SELECT pid, gid, role, state, since, true, false FROM prepared
) found
ORDER BY since
""")
_OLDER_THAN_S = 1.0
_NAMED = 5


class OpenTransaction(Struct, frozen=True):
    """A transaction that is open for `seconds`; a prepared one has a `gid` and no `pid`.

    With `on_tables` it holds a lock on a table of the plan, else it only has a snapshot.
    """

    pid: int
    gid: str
    role: str
    state: str
    seconds: int
    on_tables: bool

    @property
    def sentence(self) -> str:
        """Return a sentence with the session, its age, and why it blocks."""
        why = (
            "it locks a table that the plan changes"
            if self.on_tables
            else "index builds wait for its snapshot"
        )
        if self.gid:
            return (
                f"the prepared transaction {self.gid!r} ({self.role}) is {self.seconds} s old:"
                f" {why}; end it by COMMIT PREPARED or ROLLBACK PREPARED"
            )
        who = ", ".join(filter(None, (self.state, self.role)))
        return f"pid {self.pid} has had a transaction open for {self.seconds} s ({who}): {why}"


class Holdups(Struct, frozen=True):
    """The oldest transactions, how many `more` there are, and how many are not visible."""

    oldest: tuple[OpenTransaction, ...] = ()
    more: int = 0
    hidden: int = 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each, and for those not listed."""
        rest = []
        if self.more:
            rest.append(f"{_transactions(self.more, 'more ')} will also be waited for")
        if self.hidden:
            rest.append(
                f"{_transactions(self.hidden)} of other roles may be waited for, too;"
                " members of pg_read_all_stats see their age"
            )
        return (*(each.sentence for each in self.oldest), *rest)


def find_holdups(
    connection: Connection, plan: ConstraintsPlan, older_than_s: float = _OLDER_THAN_S
) -> Holdups:
    """Return the transactions older than this, seconds, that the plan's statements wait for."""
    values = {
        "tables": sorted({lock.table for step in plan.steps for lock in step.locks}),
        "builds": any(step.statement.is_build for step in plan.steps),
        "older_than_s": older_than_s,
    }
    rows = connection.execute(_OPEN, values).all()
    seen = [
        OpenTransaction(row.pid, row.gid, row.role, row.state, row.seconds, row.on_tables)
        for row in rows
        if not row.hidden
    ]
    return Holdups(tuple(seen[:_NAMED]), len(seen[_NAMED:]), len(rows) - len(seen))


def _transactions(count: int, which: str = "") -> str:
    return f"{count} {which}transaction{'' if count == 1 else 's'}"
