"""Fifty schemas over three servers: one server is down, one schema closed, one damaged."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.runs.targets import tenant
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, databases
from tests.plugins.fleets import DOWN, MAKE_ROLE, ROLE
from tests.plugins.servers import BINARIES, running
from tests.plugins.waiting import until

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]
EACH, WRITTEN = 25, 10
CLOSED, DAMAGED = (0, "clinic_07"), (1, "clinic_21")
HEAL = """
DELETE FROM {0}.recordings r WHERE r.pet_id IS NULL OR NOT EXISTS (
    SELECT FROM {0}.appointment_pets p
    WHERE (p.appointment_id, p.pet_id) = (r.appointment_id, r.pet_id))
"""
PETS = (
    "SELECT md5(string_agg(id || ':' || coalesce(pet_id, 0), ',' ORDER BY id)) FROM {}.recordings"
)
RUNS = "SELECT target->>'name', state FROM petrec.runs ORDER BY id"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Database]]:
    """Two servers of 25 clinics with the same ids; the oldest and the newest version."""
    with ExitStack() as stack:
        made = []
        for major in (min(BINARIES), max(BINARIES)):
            database = stack.enter_context(databases(running(major)))("integer_ids")
            database.execute(MAKE_ROLE)
            for number in range(EACH):
                tenant(database, f"clinic_{number:02}", "recordings", tmp_path)
            made.append(database)
        yield made


def targets(
    servers: list[Database], directory: Path, user: str, schemas: str = "clinic_*"
) -> tuple[str, ...]:
    lines = [each.cluster.dsn(each.name, user) for each in servers]
    (directory / "servers.txt").write_text("\n".join([*lines, DOWN]) + "\n")
    return "--targets", "servers.txt", "--schema", schemas, "--jobs", "4", "--format", "json"


def test_the_merged_document_is_right_and_complete(
    servers: list[Database], petrec: Petrec, tmp_path: Path
) -> None:
    for place, database in enumerate(servers):
        for number in range(EACH):
            schema = f"clinic_{number:02}"
            if (place, schema) != DAMAGED:
                database.execute(HEAL.format(schema))
            if (place, schema) != CLOSED:
                database.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}")
                database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {ROLE}")
    ended = petrec("fleet", *targets(servers, tmp_path, ROLE), "audit")
    told = json.loads(ended.out)
    assert ended.code == told["exit_code"] == 3
    assert "s3cr3t" not in ended.out + ended.err
    codes = {each["target"]: each["exit_code"] for each in told["targets"]}
    assert len(codes) == 2 * EACH + 1
    closed, damaged = (name(servers, *which) for which in (CLOSED, DAMAGED))
    down = "127.0.0.1:1/gone/clinic_*"
    assert {each: code for each, code in codes.items() if code} == {closed: 3, down: 3, damaged: 1}
    assert {each["target"] for each in told["targets"][:2]} == {closed, down}
    assert told["targets"][2]["target"] == damaged
    alone = petrec("audit", "--schema", DAMAGED[1], "--format", "json", dsn=servers[1].dsn)
    kinds = json.loads(alone.out)["kinds"]
    sums = {each["rule"]: (each["count"], each["targets"]) for each in told["totals"]}
    for kind in kinds:
        if kind["severity"] == "error":
            assert sums.get(kind["id"], (0, 0))[0] == kind["count"]


def name(servers: list[Database], place: int, schema: str) -> str:
    database = servers[place]
    return f"127.0.0.1:{database.cluster.port}/{database.name}/{schema}"


def test_a_kill_in_the_middle_leaves_no_trace_after_resume(
    servers: list[Database], petrec: Petrec, spawn: Spawn, tmp_path: Path
) -> None:
    before = digests(servers)
    assert len(set(before.values())) == 1
    words = (*targets(servers, tmp_path, "postgres", "clinic_0*"), "backfill", "--apply", "--yes")
    started = spawn("fleet", *words, dsn=servers[0].dsn)
    ended = started.poll
    until(lambda: ended() is not None or sum(map(finished, servers)) >= 5, within_s=280)
    assert ended() is None
    os.kill(started.pid, signal.SIGKILL)
    assert started.wait() == -9
    sessions = "SELECT FROM pg_stat_activity WHERE application_name LIKE 'petrec%'"
    until(lambda: not any(each.execute(sessions) for each in servers))
    assert sum(map(finished, servers)) < 2 * WRITTEN

    resumed = petrec("fleet", "--resume", *words)
    told = json.loads(resumed.out)
    assert [each["target"] for each in told["targets"] if each["exit_code"] == 3] == [
        "127.0.0.1:1/gone/clinic_0*"
    ]
    after = digests(servers)
    assert len(set(after.values())) == 1
    assert set(after.values()).isdisjoint(before.values())
    for database in servers:
        runs = database.execute(RUNS)
        assert len({target for target, _ in runs}) == len(runs) == WRITTEN
        assert {state for _, state in runs} == {"done"}
    undone = petrec(
        "runs", "undo", "3", "--yes", "--schema", owner(servers[0], 3), dsn=servers[0].dsn
    )
    assert undone.code == 0, undone.err
    changed = {key for key, value in digests(servers).items() if value != after[key]}
    assert changed == {(0, owner(servers[0], 3))}


def digests(servers: list[Database]) -> dict[tuple[int, str], Any]:
    schemas = [f"clinic_{number:02}" for number in range(WRITTEN)]
    return {
        (place, schema): database.execute(PETS.format(schema))[0][0]
        for place, database in enumerate(servers)
        for schema in schemas
    }


def finished(database: Database) -> int:
    if database.execute("SELECT to_regclass('petrec.runs')") == [(None,)]:
        return 0
    return int(database.execute("SELECT count(*) FROM petrec.runs WHERE state = 'done'")[0][0])


def owner(database: Database, run: int) -> str:
    found = database.execute(
        "SELECT split_part(target->>'table', '.', 1) FROM petrec.runs WHERE id = %s", (run,)
    )
    return str(found[0][0])
