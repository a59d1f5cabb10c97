"""Killed while a statement runs: the server goes on with it alone, and the next run goes on."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.constraints.test_sigkill import OTHERS
from tests.plugins.clean import digest
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import prepared
from tests.plugins.servers import BINARIES, running
from tests.plugins.waiting import until

Make = Callable[[tuple[str, int]], Database]
APPLY = ("constraints", "apply", "--yes", "--format", "json")
INDEXES, REQUIRED = (*APPLY, "--group", "indexes"), (*APPLY, "--group", "required")
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE query ^@ %s AND state = 'active' AND %s = ANY(pg_blocking_pids(pid))
"""
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
# Of a partitioned table, the index that waits for its partitions is not valid either.
BROKEN = f"{INVALID} AND indrelid NOT IN (SELECT partrelid FROM pg_partitioned_table)"
BUILD = "CREATE INDEX CONCURRENTLY"


def _cases(often: str) -> list[object]:
    """One case in `make test`; at full size each shape on each server, whatever the orphan does."""
    cases = itertools.product(("clinic", "partitioned"), BINARIES, ("finishes", "is ended"))
    chosen = "clinic", max(BINARIES), often
    return [
        pytest.param(
            (shape, major),
            orphan,
            id=f"{shape}-pg{major}-{orphan}",
            marks=[pytest.mark.full] * ((shape, major, orphan) != chosen),
        )
        for shape, major, orphan in cases
    ]


@pytest.fixture
def make(database: MakeDatabase) -> Make:
    return lambda where: prepared(database(where[0], running(where[1])))


def kill_in(spawn: Spawn, clinic: Database, command: tuple[str, ...], begins: str, by: int) -> int:
    """Kill petrec once its statement waits for that blocker; returns the statement's backend."""
    process = spawn(*command, dsn=clinic.dsn)
    waits = until(lambda: clinic.execute(WAITING, (begins, by)) or process.poll() is not None)
    assert not isinstance(waits, bool), process.stderr and process.stderr.read()
    process.kill()
    process.wait()
    return int(waits[0][0])


def blocking(clinic: Database, sql: str) -> psycopg.Connection[Any]:
    """Return a connection in a transaction that has run this."""
    held = clinic.connect(autocommit=False)
    held.execute(sql)
    return held


def let_go(clinic: Database, held: psycopg.Connection[Any], pid: int, orphan: str) -> None:
    """Let the orphaned statement finish, or end it; wait until it is gone."""
    if orphan == "is ended":
        clinic.execute("SELECT pg_terminate_backend(%s)", (pid,))
    held.rollback()
    held.close()
    until(lambda: clinic.execute(OTHERS) == [(0,)])


@pytest.mark.parametrize(("where", "orphan"), _cases(often="is ended"))
def test_in_an_index_build(
    petrec: Petrec, spawn: Spawn, make: Make, where: tuple[str, int], orphan: str
) -> None:
    untouched = make(where)
    assert petrec(*INDEXES, dsn=untouched.dsn).code == 0
    clinic = make(where)
    table = "recordings" if clinic.shape == "clinic" else "recordings_default"
    held = blocking(clinic, f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
    pid = kill_in(spawn, clinic, INDEXES, BUILD, held.info.backend_pid)
    assert clinic.execute(INVALID) != [(0,)]
    second = petrec(*INDEXES, dsn=clinic.dsn)
    assert (second.code, f"backend pid {pid}" in second.err) == (3, True), second.err
    let_go(clinic, held, pid, orphan)
    left = clinic.execute(BROKEN)
    assert left == [(int(orphan == "is ended"),)]
    ended = petrec(*INDEXES, dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    assert any("DROP" in each for each in json.loads(ended.out)["executed"]) is (left == [(1,)])
    assert clinic.execute(INVALID) == [(0,)]
    assert digest(clinic) == digest(untouched)


@pytest.mark.parametrize(("where", "orphan"), _cases(often="finishes"))
def test_killed_in_a_validation_the_next_run_ends_it(
    petrec: Petrec, spawn: Spawn, make: Make, where: tuple[str, int], orphan: str
) -> None:
    untouched = make(where)
    assert petrec(*REQUIRED, dsn=untouched.dsn).code == 0
    clinic = make(where)
    plan = ("constraints", "plan", "--group", "required", "--format", "json")
    planned = json.loads(petrec(*plan, dsn=clinic.dsn).out)
    add, validate = (step["sql"] for step in planned["steps"][:2])
    assert add.endswith("NOT VALID")
    assert "VALIDATE" in validate
    clinic.execute(add)
    held = blocking(clinic, "LOCK TABLE recordings IN SHARE MODE")
    pid = kill_in(spawn, clinic, REQUIRED, validate, held.info.backend_pid)
    let_go(clinic, held, pid, orphan)
    ended = petrec(*REQUIRED, dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    # What the server finished alone is not done again.
    assert (validate in json.loads(ended.out)["executed"]) is (orphan == "is ended")
    assert digest(clinic) == digest(untouched)
