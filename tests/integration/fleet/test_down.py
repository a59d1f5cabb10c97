"""A fleet in which a target is refused, one is locked, and a server is killed meanwhile."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.runs.targets import tenant
from tests.integration.fleet.test_fleet import by_schema
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import MakeDatabase
from tests.plugins.fleets import Fleet
from tests.plugins.waiting import until

SOUND = """
DELETE FROM {0}.recordings r WHERE r.pet_id IS NULL OR NOT EXISTS (
    SELECT FROM {0}.pets p WHERE p.id = r.pet_id)
"""
REQUIRED = """
SELECT attnotnull FROM pg_attribute
WHERE attrelid = '{}.recordings'::regclass AND attname = 'pet_id'
"""
PETS = (
    "SELECT md5(string_agg(id || ':' || coalesce(pet_id, 0), ',' ORDER BY id)) FROM {}.recordings"
)


def test_constraints_of_a_fleet_are_created_where_they_can_be(
    database: MakeDatabase, petrec: Petrec, tmp_path: Path
) -> None:
    made = database("integer_ids")
    for schema in ("damaged", "locked", "sound"):
        tenant(made, schema, "recordings", tmp_path)
    for schema in ("locked", "sound"):
        made.execute(SOUND.format(schema))
    fleet = Fleet(made, petrec, tmp_path)
    schemas = [word for name in ("damaged", "locked", "sound") for word in ("--schema", name)]
    words = (*schemas, "--jobs", "2", "constraints", "apply", "--group", "required", "--yes")
    with made.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE locked.recordings IN ROW EXCLUSIVE MODE")
        told = by_schema(fleet.told(*words, "--deadline", "10", code=3, dsn=made.dsn))
        holder.rollback()
    codes = {name: each["exit_code"] for name, each in told.items()}
    assert codes == {"damaged": 1, "locked": 3, "sound": 0}
    assert "blocked by" in told["locked"]["reason"]
    made_now = [made.execute(REQUIRED.format(name))[0][0] for name in codes]
    assert made_now == [name == "sound" for name in codes]
    again = by_schema(fleet.told("--resume", *words, "--deadline", "10", code=1, dsn=made.dsn))
    assert {name: each["exit_code"] for name, each in again.items()} == codes | {"locked": 0}


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_server_that_is_killed_is_finished_when_it_is_back(
    private_cluster: Callable[[], Cluster],
    database: MakeDatabase,
    petrec: Petrec,
    spawn: Spawn,
    tmp_path: Path,
) -> None:
    servers = [private_cluster() for _ in range(3)]
    made = [database("integer_ids", server) for server in servers]
    for each in made:
        tenant(each, "north", "recordings", tmp_path)
    before = made[0].execute(PETS.format("north"))
    (tmp_path / "servers.txt").write_text("".join(f"{each.dsn}\n" for each in made))
    words = (
        *("--targets", "servers.txt", "--schema", "north", "--jobs", "3"),
        *("backfill", "--apply", "--yes", "--deadline", "20", "--max-rows-per-second", "60"),
    )
    started = spawn("fleet", *words, dsn=made[0].dsn)
    busy = "SELECT changed > 20 FROM petrec.runs WHERE state = 'running'"
    exists = "SELECT to_regclass('petrec.runs') IS NOT NULL"
    until(lambda: made[2].execute(exists) == [(True,)] and made[2].execute(busy) == [(True,)])
    victim = int((servers[2].data_dir / "postmaster.pid").read_text().split()[0])
    os.kill(victim, signal.SIGKILL)
    out, err = started.communicate(200)
    assert started.returncode == 3, out + err
    done = "SELECT state FROM petrec.runs"
    assert [each.execute(done) for each in made[:2]] == [[("done",)]] * 2
    servers[2].start_again()
    ended = petrec("fleet", "--resume", *words, dsn=made[0].dsn)
    assert ended.code == 0, ended.out + ended.err
    assert [each.execute(done) for each in made] == [[("done",)]] * 3
    after = {each.execute(PETS.format("north"))[0] for each in made}
    assert len(after) == 1
    assert after.isdisjoint(before)
