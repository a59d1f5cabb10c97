"""Time on processors, of a process and of the server's sessions; from Linux's /proc."""

import os
from contextlib import suppress
from pathlib import Path

import psycopg

_SESSIONS = """
SELECT pid FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND application_name = %s
"""
_TICK = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """Return the seconds that a process has worked, with the system's work for it."""
    user, system, *_ = _times(pid)
    return (user + system) / _TICK


def _of_ended(pid: int) -> float:
    """Return the seconds that a process's children worked that have ended."""
    *_, user, system = _times(pid)
    return (user + system) / _TICK


def _times(pid: int) -> list[int]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]


def of_sessions(dsn: str, application: str) -> float:
    """Return the seconds that the server's processes for an application's sessions have worked."""
    with psycopg.connect(dsn, application_name="benchmark") as connection:
        pids = connection.execute(_SESSIONS, [application]).fetchall()
    return sum(of_process(pid) for (pid,) in pids)


def of_server(postmaster: int) -> float:
    """Return the seconds that a server has worked in all, with processes that have ended."""
    while True:
        ended = _of_ended(postmaster)
        with suppress(FileNotFoundError, ProcessLookupError):
            running = sum(of_process(pid) for pid in (postmaster, *_children(postmaster)))
            # Otherwise a process has ended meanwhile, and was counted twice or not at all.
            if ended == _of_ended(postmaster):
                return running + ended


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
