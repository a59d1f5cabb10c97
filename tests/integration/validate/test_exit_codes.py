"""Every row of the table of exit codes, with the fault itself."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Completed
from tests.plugins.waiting import until

WAITING = """SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE NOT l.granted AND a.application_name LIKE 'petrec%%' AND a.datname = %s"""
HELD = """SELECT l.relation::regclass::text FROM pg_locks l
          WHERE l.pid = %s AND l.granted AND l.relation = 'recordings'::regclass"""
REPAIR = """
DELETE FROM recordings r WHERE pet_id IS NULL OR NOT EXISTS (
  SELECT FROM appointment_pets ap JOIN pets p ON p.id = ap.pet_id
  WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id)
"""
READERS = {
    "audit": ("audit", "--format", "json"),
    "validate": ("validate", "--format", "json"),
    "report": ("report", "--no-history", "--format", "json"),
}


def failed(ended: Completed, code: int, *words: str) -> None:
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert 1 <= len(ended.err.splitlines()) <= 3
    assert all(word in ended.err for word in words), ended.err


def test_0_clean_and_1_findings(petrec: Petrec, clinic: Database) -> None:
    assert petrec("validate", dsn=clinic.dsn).code == 1
    clinic.execute(REPAIR)
    assert petrec("validate", dsn=clinic.dsn).code == 0


def test_2_a_table_is_missing(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("DROP TABLE appointment_pets")
    failed(petrec("validate", dsn=clinic.dsn), 2, "appointment_pets")


def test_3_the_password_is_wrong(petrec: Petrec, clinic: Database) -> None:
    name = f"gate_{clinic.name}"
    clinic.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right' IN ROLE needs_password")
    dsn = clinic.cluster.dsn(clinic.name, f"{name}:hunter2")
    ended = petrec("validate", dsn=dsn)
    failed(ended, 3, "password authentication failed")
    assert "hunter2" not in ended.err


def test_3_a_statement_takes_too_long(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    (tmp_path / "petrec.toml").write_text("[timeouts]\nread_statement_ms = 1\n")
    failed(petrec("validate", dsn=clinic.dsn), 3, "statement timeout")


def test_3_the_role_may_not_read(petrec: Petrec, clinic: Database) -> None:
    clinic.execute(f"CREATE ROLE mute_{clinic.name} LOGIN")
    dsn = clinic.cluster.dsn(clinic.name, f"mute_{clinic.name}")
    failed(petrec("validate", dsn=dsn), 3, "GRANT SELECT")


def test_an_empty_table_ends_with_5(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    clinic.execute("TRUNCATE recordings")
    assert petrec("validate", "-q", dsn=clinic.dsn).code == 5
    assert petrec("validate", "-q", "--allow-empty", dsn=clinic.dsn).code == 0
    (tmp_path / "expect.toml").write_text('not_null = ["recordings(pet_id)"]\n')
    for options in ((), ("--allow-empty",)):
        ended = petrec("validate", "--expect", "expect.toml", *options, dsn=clinic.dsn)
        assert ended.code == 1


@pytest.mark.parametrize("fault", ["killed backend", "SIGINT", "SIGTERM"])
def test_3_and_130_in_the_midst(spawn: Spawn, clinic: Database, tmp_path: Path, fault: str) -> None:
    (tmp_path / "known.txt").write_text("# petrec baseline 1\n# public.recordings.id uuid\n")
    arguments = ("--baseline", "known.txt", "--update-baseline", "--output", "out.txt")
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
        process = spawn("validate", *arguments, dsn=clinic.dsn)
        pid = until(lambda: clinic.execute(WAITING, (clinic.name,)))[0][0]
        if fault == "killed backend":
            clinic.execute("SELECT pg_terminate_backend(%s)", (pid,))
        else:
            process.send_signal(getattr(signal, fault))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3 if fault == "killed backend" else 130, ""), err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["known.txt"]
    assert (tmp_path / "known.txt").read_text().count("\n") == 2


class Standby:
    """A standby on which recovery gives way to nobody, and reads that it cancels at will."""

    def __init__(self, clinic: Database, standby: Cluster, spawn: Spawn) -> None:
        self.clinic, self.spawn = clinic, spawn
        self.dsn = standby.dsn(clinic.name)
        self.blocker = clinic.connect(autocommit=False)

    def ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query, parameters).fetchall()

    def flush(self) -> None:
        """Send what was not committed: only a commit makes the primary write it out at once."""
        self.clinic.execute("SELECT pg_logical_emit_message(true, 'flush', '')")

    def caught_up(self) -> bool:
        end = self.clinic.execute("SELECT pg_current_wal_insert_lsn()")[0][0]
        return bool(self.ask("SELECT pg_last_wal_replay_lsn() >= %s", end)[0][0])

    def conflict(self, cancelled: int | None) -> int:
        """Cancel the next read that holds `recordings`; returns its backend."""

        def holding() -> int | None:
            for (pid,) in self.ask(WAITING, self.clinic.name):
                if pid != cancelled and self.ask(HELD, pid):
                    return int(pid)
            return None

        victim = until(holding)
        assert victim is not None
        with self.clinic.connect(autocommit=False) as other:
            other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
            self.flush()
            gone = "SELECT FROM pg_stat_activity WHERE pid = %s"
            until(lambda: not self.ask(gone, victim))
        return victim

    def read(self, arguments: tuple[str, ...], *, conflicts: int) -> Completed:
        self.blocker.execute("LOCK TABLE pets IN ACCESS EXCLUSIVE MODE")
        self.flush()
        until(self.caught_up)
        process, victim = self.spawn(*arguments, dsn=self.dsn), None
        for _ in range(conflicts):
            victim = self.conflict(victim)
        self.blocker.rollback()
        out, err = process.communicate(timeout=60)
        return Completed(process.wait(), out, err)


def test_a_standbys_conflict_is_retried_once(
    private_cluster: Callable[[], Cluster], database: MakeDatabase, spawn: Spawn,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "petrec.toml").write_text("[timeouts]\nread_lock_ms = 60000\n")
    primary = private_cluster()
    with psycopg.connect(primary.dsn(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    clinic = database("clinic", primary)
    server = primary.make_standby()
    try:
        standby = Standby(clinic, server, spawn)
        for arguments in READERS.values():
            ended = standby.read(arguments, conflicts=1)
            assert ended.code == 1, ended.err
            found = json.loads(ended.out)
            assert found.get("audit", found)["total"] == 2000
        for arguments in (READERS["validate"], READERS["report"]):
            ended = standby.read(arguments, conflicts=2)
            failed(ended, 3, "conflict with recovery", "hot_standby_feedback")
    finally:
        server.remove()
