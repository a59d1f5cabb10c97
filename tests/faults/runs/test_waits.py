"""Whoever is waited for is named, and no wait is longer than the limits allow."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, state
from tests.plugins.servers import BINARIES
from tests.plugins.waiting import until

BRIEF = "[timeouts]\nread_lock_ms = 400\n"
HELD = ("recordings", "appointments", "appointment_pets", "petrec.runs", "petrec.plan_items")
# An undo plans by its own tables alone.
UNDO = ("runs", "undo", "1", "--yes")
SYNC = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = %s"


def block(database: Database, table: str) -> psycopg.Connection[Any]:
    """Hold the strongest lock on a table in an idle transaction."""
    session = database.connect(autocommit=False)
    session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    return session


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("command", "table"),
    [*((APPLY, each) for each in HELD), (UNDO, "petrec.runs"), (UNDO, "recordings")],
)
def test_a_run_that_cannot_be_planned_names_who_blocks(
    backfilled: Database, petrec: Petrec, tmp_path: Path, command: tuple[str, ...], table: str
) -> None:
    (tmp_path / "petrec.toml").write_text(BRIEF)
    backfilled.execute("UPDATE recordings SET pet_id = NULL WHERE id IN "
                   "(SELECT row_key[1]::uuid FROM petrec.changes LIMIT 9)")  # fmt: skip
    session = block(backfilled, table)
    ended = petrec(*command, "--deadline", "1", dsn=backfilled.dsn)
    assert ended.code == 3
    assert f"pid {session.info.backend_pid}" in ended.err or table == "recordings", ended.err
    session.rollback()
    assert petrec(*command, dsn=backfilled.dsn).code in {0, 1}


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "command",
    ["runs list", "runs show 1", "runs undo 1 --plan", "runs undo 1 --yes", "runs abandon 1 --yes"],
)
def test_a_command_on_runs_names_who_locks_them(
    backfilled: Database, petrec: Petrec, tmp_path: Path, command: str
) -> None:
    (tmp_path / "petrec.toml").write_text(BRIEF)
    session = block(backfilled, "petrec.runs")
    ended = petrec(*command.split(), dsn=backfilled.dsn)
    assert ended.code == 3
    assert f"blocked by pid {session.info.backend_pid}" in ended.err
    session.rollback()


@pytest.mark.few(1)
@pytest.mark.parametrize("table", ["petrec.runs", "recordings"])
def test_an_interrupt_while_planning_waits_leaves_nothing(
    backfilled: Database, petrec: Petrec, spawn: Spawn, table: str
) -> None:
    backfilled.execute("UPDATE recordings SET pet_id = NULL WHERE id IN "
                   "(SELECT row_key[1]::uuid FROM petrec.changes LIMIT 9)")  # fmt: skip
    session = block(backfilled, table)
    process = spawn(*APPLY, dsn=backfilled.dsn)
    blocked = "SELECT pid FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    until(lambda: backfilled.execute(blocked, (session.info.backend_pid,)))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    others = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'petrec%'"
    until(lambda: not backfilled.execute(others))
    session.rollback()
    assert backfilled.execute("SELECT id, state FROM petrec.runs") == [(1, "done")]
    again = petrec(*APPLY, dsn=backfilled.dsn)
    assert again.code == 0, again.err


@pytest.mark.few(1)
@pytest.mark.parametrize("table", ["recordings", "appointments", "petrec.runs", "petrec.changes"])
def test_a_run_at_work_gives_up_at_its_deadline_and_resumes(
    clinic: Database, petrec: Petrec, spawn: Spawn, tmp_path: Path, table: str
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    process = spawn(*APPLY, "--pause-file", str(pause), "--deadline", "2", dsn=clinic.dsn)
    until(lambda: state(clinic)[1])
    session = block(clinic, table)
    pause.unlink()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert f"pid {session.info.backend_pid}" in err
    session.rollback()
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert state(clinic)[0] == "done"


@pytest.fixture(scope="module")
def lone_server() -> Iterator[Cluster]:
    """A server whose settings the tests of this module change and set back."""
    made = Cluster.start(max(BINARIES), BINARIES[max(BINARIES)])
    yield made
    made.remove()


@pytest.fixture
def without_standby(lone_server: Cluster, database: MakeDatabase) -> Iterator[Database]:
    """A clinic on a server that waits for a synchronous standby which does not exist."""
    clinic = database("clinic", lone_server)
    set_standbys(clinic, "nobody")
    yield clinic
    set_standbys(clinic, "")


def set_standbys(clinic: Database, names: str) -> None:
    with clinic.connect() as admin:
        admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        admin.execute("SELECT pg_reload_conf()")
    shown = "SELECT current_setting('synchronous_standby_names')"
    until(lambda: clinic.execute(shown) == [(names,)])


def test_a_standby_that_is_dead_is_waited_for_up_to_the_deadline(
    without_standby: Database, petrec: Petrec
) -> None:
    clinic = without_standby
    ended = petrec("backfill", "--apply", "--yes", "--deadline", "2", dsn=clinic.dsn)
    assert ended.code == 3
    assert "run 1 done: 395 recordings have their pet now" in ended.out
    assert "no standby of 'nobody' (synchronous_standby_names) has confirmed" in ended.out
    assert "wait event SyncRep" in ended.err
    assert state(clinic) == ("done", None, None)
    undone = petrec("runs", "undo", "1", "--yes", "--deadline", "1", dsn=clinic.dsn)
    assert undone.code == 3
    assert "395 recordings restored" in undone.out


def test_a_recorded_report_waits_for_no_standby(without_standby: Database, spawn: Spawn) -> None:
    process = spawn("report", "--record", dsn=without_standby.dsn)
    assert process.wait(timeout=60) in {0, 1}
    assert without_standby.execute("SELECT count(*) FROM petrec.history_runs") == [(1,)]


def test_nothing_is_locked_while_a_standby_is_waited_for_and_it_can_be_interrupted(
    without_standby: Database, spawn: Spawn
) -> None:
    clinic = without_standby
    process = spawn(*APPLY, dsn=clinic.dsn)
    ((pid,),) = until(lambda: clinic.execute(SYNC, (clinic.name,)))
    held = "SELECT locktype, relation::regclass FROM pg_locks WHERE locktype IN "
    held += "('relation', 'advisory', 'tuple') AND pid <> pg_backend_pid() AND database = "
    held += "(SELECT oid FROM pg_database WHERE datname = current_database())"
    assert clinic.execute(held) == [], pid
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert state(clinic)[0] == "done"


def test_a_replica_that_vanished_is_waited_for_up_to_the_deadline(
    private_cluster: Callable[[], Cluster], database: MakeDatabase, spawn: Spawn,
    petrec: Petrec,
) -> None:  # fmt: skip
    server = private_cluster()
    clinic = database("clinic", server)
    standby = server.make_standby()
    try:
        slow = ("--max-rows-per-second", "20", "--target-ms", "40", "--deadline", "2")
        process = spawn(*APPLY, *slow, dsn=clinic.dsn)
        until(lambda: state(clinic)[0] == "running"
              and clinic.execute("SELECT count(*) FROM petrec.changes") > [(3,)])  # fmt: skip
    finally:
        standby.remove()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "waited 2 s: replica" in err
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
