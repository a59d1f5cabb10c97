"""Index builds beside long transactions, and beside another session's build."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.plugins.clean import clean, owned
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes", "--group", "indexes", "--format", "json")
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid))"


def open_transaction(clinic: Database, sql: str) -> psycopg.Connection[Any]:
    """Return a transaction that has a snapshot and has run this."""
    held = clinic.connect(autocommit=False)
    held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    held.execute(sql)
    return held


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM api_logs_of_another_part",
        "SELECT count(*) FROM recordings",
        "UPDATE recordings SET status = status",
    ],
    ids=["elsewhere", "reads", "writes"],
)
def test_a_build_outwaits_an_open_transaction(
    petrec: Petrec, spawn: Spawn, clinic: Database, sql: str
) -> None:
    clean(clinic).execute("CREATE TABLE api_logs_of_another_part (id int)")
    held = open_transaction(clinic, sql)
    process = spawn(*APPLY, dsn=clinic.dsn)
    pid = held.info.backend_pid
    until(lambda: process.poll() is not None or clinic.execute(WAITS, (pid,)) != [(0,)])
    assert process.poll() is None, process.stderr.read()
    named = next(line for line in iter(process.stderr.readline, "") if f"pid {pid} " in line)
    assert named.startswith(("waiting for", f"pid {pid} has had a transaction open"))
    held.rollback()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    executed = json.loads(out)["executed"]
    assert len(executed) == 4, "a build was tried again"
    assert all(each.startswith("CREATE INDEX CONCURRENTLY") for each in executed)
    assert clinic.execute(INVALID) == [(0,)]


def test_another_sessions_build_is_left_alone(petrec: Petrec, clinic: Database) -> None:
    held = open_transaction(clean(clinic), "SELECT count(*) FROM pets")
    builder = clinic.connect()
    build = "CREATE INDEX CONCURRENTLY idx_recordings_pet_id ON recordings (pet_id)"
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(builder.execute, build)
        try:
            until(lambda: clinic.execute(WAITS, (held.info.backend_pid,)) != [(0,)])
            only = ("constraints", "apply", "--yes", "--group", "required", "--format", "json")
            status = petrec("constraints", "status", "--format", "json", dsn=clinic.dsn)
            planned = petrec("constraints", "plan", "--format", "json", dsn=clinic.dsn)
        finally:
            held.rollback()
        building.result(60)
    objects = {o["name"]: o["presence"] for o in json.loads(status.out)["objects"]}
    assert (status.code, objects["idx_recordings_pet_id"]) == (1, "being built")
    steps = {step["object"] for step in json.loads(planned.out)["steps"]}
    assert "idx_recordings_pet_id" not in steps
    assert "idx_recordings_pet_status" in steps
    assert petrec(*only, dsn=clinic.dsn).code == 0
    ended = petrec(*APPLY, dsn=clinic.dsn)
    assert (ended.code, "(pet_id)" in str(json.loads(ended.out)["executed"])) == (0, False)
    assert clinic.execute(INVALID) == [(0,)]


def test_a_build_of_another_role_is_seen(petrec: Petrec, clinic: Database) -> None:
    owner = owned(clean(clinic))
    held = open_transaction(clinic, "SELECT count(*) FROM pets")
    build = "CREATE INDEX CONCURRENTLY idx_recordings_pet_id ON recordings (pet_id)"
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(clinic.connect().execute, build)
        try:
            until(lambda: clinic.execute(WAITS, (held.info.backend_pid,)) != [(0,)])
            status = petrec("constraints", "status", "--format", "json", dsn=owner)
        finally:
            held.rollback()
        building.result(60)
    objects = {o["name"]: o["presence"] for o in json.loads(status.out)["objects"]}
    assert objects["idx_recordings_pet_id"] == "being built"
