"""Time on processors, of a process and of the server's sessions; from Linux's /proc."""

import os
from pathlib import Path

import psycopg

_SESSIONS = """
SELECT pid FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND application_name = %s
"""
_TICK = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """Return the seconds that a process has worked, with the system's work for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def of_sessions(dsn: str, application: str) -> float:
    """Return the seconds that the server's processes for an application's sessions have worked."""
    with psycopg.connect(dsn, application_name="benchmark") as connection:
        pids = connection.execute(_SESSIONS, [application]).fetchall()
    return sum(of_process(pid) for (pid,) in pids)
