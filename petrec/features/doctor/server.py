"""The doctor's checks of server and role, independent of the tables."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from petrec.features.doctor.result import Check, State

OLDEST, NEWEST = 14, 18
# A difference that would put a recording into another hour's window is worth a warning.
_CLOCK_S = 5.0
_SERVER = text("""
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby,
       clock_timestamp() AS now,
       current_setting('synchronous_standby_names') AS synchronous,
       (SELECT count(*) FROM pg_stat_replication) AS replicas,
       current_database()::text AS database,
       current_user::text AS role,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       pg_has_role(current_user, 'pg_monitor', 'USAGE') AS monitors
""")


def check_server(connection: Connection) -> Iterator[Check]:
    """Yield the checks of the server, its clock, its replicas, and the role."""
    row = connection.execute(_SERVER).one()
    supported = OLDEST <= row.major <= NEWEST
    yield Check(
        "server", State.OK if supported else State.WARNING, f"PostgreSQL {row.version}",
        "" if supported else f"petrec is tested on {OLDEST} to {NEWEST}",
    )  # fmt: skip
    yield Check("database", State.OK, f"{row.database}, as role {row.role}")
    yield _encoding(str(row.encoding))
    if row.standby:
        yield Check("standby", State.WARNING, "a standby: commands that write exit with 3",
                    "connect to the primary to write")  # fmt: skip
    yield _clock(row.now)
    if row.superuser:
        fix = "use a role of its own; petrec explain doctor shows how to print its grants"
        yield Check("role", State.WARNING, f"{row.role} is a superuser", fix)
    if row.replicas or row.synchronous:
        yield _replicas(int(row.replicas), str(row.synchronous), monitors=bool(row.monitors))


def _encoding(encoding: str) -> Check:
    if encoding == "SQL_ASCII":
        return Check("encoding", State.WARNING, "SQL_ASCII: text may not be valid UTF-8",
                     "a command that shows such text ends with exit code 3")  # fmt: skip
    return Check("encoding", State.OK, encoding)


def _clock(there: datetime) -> Check:
    behind = (datetime.now(UTC) - there).total_seconds()
    if abs(behind) < _CLOCK_S:
        return Check("clock", State.OK, "same as this machine's")
    word = "behind" if behind > 0 else "ahead of"
    return Check("clock", State.WARNING, f"{abs(behind):.0f} s {word} this machine's",
                 "synchronise both clocks by NTP")  # fmt: skip


def _replicas(count: int, synchronous: str, *, monitors: bool) -> Check:
    names = f"; commits wait for {synchronous}" if synchronous else ""
    if monitors:
        return Check("replicas", State.OK, f"{count} connected{names}")
    return Check("replicas", State.WARNING, f"{count} connected{names}; cannot read their lag",
                 "GRANT pg_monitor to the role that writes")  # fmt: skip
