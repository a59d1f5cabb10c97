"""Constraints hold on the shards, and a strong lock behind a worker's reader waits briefly."""

import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.integration.citus.test_reads import kinds
from tests.plugins.citus import HASHED, PLAIN, TENANT, CitusClinics
from tests.plugins.command import Petrec, Spawn

ON_SHARDS = """
SELECT bool_and(result = %s) FROM run_command_on_shards('{0}.recordings', $$
SELECT count(*) FILTER (WHERE convalidated) || ' of ' || count(*) FROM pg_constraint
WHERE conrelid = '%%s'::regclass AND starts_with(conname, 'fk_recordings_') $$)
"""
FIRST_SHARD = """
SELECT shard_name, nodename, nodeport FROM citus_shards
WHERE table_name = '{0}.recordings'::regclass ORDER BY shardid LIMIT 1
"""


def sound(citus: CitusClinics, layout: str) -> None:
    """Make a clinic without damage, and without rows that only its coordinator has."""
    citus.build(layout)
    kept = "EXISTS (SELECT FROM {}.appointment_pets l WHERE l.appointment_id = r.appointment_id"
    kept += " AND l.pet_id = r.pet_id)"
    citus.execute(f"DELETE FROM {{}}.recordings r WHERE NOT {kept}", layout, layout)
    truncate = "SELECT truncate_local_data_after_distributing_table('LAYOUT.TABLE')"
    for table in ("recordings", "appointment_pets", "appointments"):
        citus.execute(truncate.replace("LAYOUT.TABLE", f"{layout}.{table}"))


def on_shards(citus: CitusClinics, layout: str, told: str) -> bool:
    with psycopg.connect(citus.dsn) as connection:
        row = connection.execute(ON_SHARDS.format(layout), (told,)).fetchone()
    return row == (True,)


@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_rows_left_on_the_coordinator_are_named(
    layout: str, petrec: Petrec, citus: CitusClinics
) -> None:
    citus.build(layout)
    told = petrec("constraints", "plan", "--group", "required", "--schema", layout, dsn=citus.dsn)
    assert told.code == 2
    assert f'truncate_local_data_after_distributing_table(\'"{layout}"."recordings"\')' in told.err


@pytest.mark.parametrize(
    ("more", "foreign_keys"),
    [(("--group", "indexes"), 1), (("--appointment-fk", "--membership"), 3)],
)
@pytest.mark.parametrize("layout", PLAIN)
def test_constraints_and_rollback_agree_with_the_shards(
    layout: str, more: tuple[str, ...], foreign_keys: int, petrec: Petrec, citus: CitusClinics
) -> None:
    sound(citus, layout)
    options = ("--group", "required", *more, "--schema", layout, "--yes")
    assert petrec("constraints", "apply", *options, dsn=citus.dsn).code == 0
    assert on_shards(citus, layout, f"{foreign_keys} of {foreign_keys}")
    assert petrec("constraints", "rollback", *options, dsn=citus.dsn).code == 0
    assert on_shards(citus, layout, "0 of 0")


def test_keys_that_citus_does_not_have_are_named_before_anything_is_created(
    petrec: Petrec, citus: CitusClinics
) -> None:
    sound(citus, HASHED)
    relations = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'hashed'::regnamespace ORDER BY 1"
    )
    before = citus.execute(relations)
    words = ("constraints", "apply", "--schema", HASHED, "--yes")
    refused = petrec(*words, dsn=citus.dsn)
    assert (refused.code, citus.execute(relations)) == (2, before)
    assert "from hashed.visits, a local table, to hashed.appointments, a table" in refused.err
    keys = ("fk_visits_appointment_id", "fk_recordings_visit_id")
    keep = [word for key in keys for word in ("--keep", key)]
    assert all(f"--keep {key}" in refused.err for key in keys)
    assert petrec(*words, *keep, dsn=citus.dsn).code == 0
    assert kinds(petrec, citus, HASHED)["ok"] > 0


def test_a_tenant_has_every_constraint(petrec: Petrec, citus: CitusClinics) -> None:
    sound(citus, TENANT)
    assert petrec("constraints", "apply", "--schema", TENANT, "--yes", dsn=citus.dsn).code == 0
    assert on_shards(citus, TENANT, "2 of 2")


@pytest.mark.parametrize("layout", PLAIN)
def test_a_lock_behind_a_reader_of_a_worker_holds_nobody_up(
    layout: str, spawn: Spawn, citus: CitusClinics
) -> None:
    sound(citus, layout)
    ((shard, host, port),) = citus.execute(FIRST_SHARD.format(layout))
    worker = make_conninfo(citus.dsn, host=host, port=port)
    options = ("--group", "required", "--schema", layout, "--yes", "--lock-timeout", "300")
    with psycopg.connect(worker) as reader, psycopg.connect(citus.dsn, autocommit=True) as other:
        reader.execute("SET citus.override_table_visibility = off")
        reader.execute(f"SELECT count(*) FROM {shard}")
        process = spawn("constraints", "apply", *options, dsn=citus.dsn)
        waits: dict[str, list[float]] = {"recordings": [], "pets": []}
        while len(waits["pets"]) < 40 and process.poll() is None:
            for table, seconds in waits.items():
                started = time.monotonic()
                other.execute(f"SELECT count(*) FROM {layout}.{table}")
                seconds.append(time.monotonic() - started)
            time.sleep(0.1)
        reader.rollback()
    assert process.wait(60) == 0
    # Nothing keeps readers of pets waiting but the load of the machine.
    assert max(waits["recordings"]) < 0.3 + 0.5 + max(waits["pets"])


@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_a_session_of_a_worker_that_blocks_is_named(
    layout: str, spawn: Spawn, citus: CitusClinics
) -> None:
    sound(citus, layout)
    ((shard, host, port),) = citus.execute(FIRST_SHARD.format(layout))
    options = ("--group", "required", "--schema", layout, "--yes", "--lock-timeout", "20000")
    with psycopg.connect(make_conninfo(citus.dsn, host=host, port=port)) as reader:
        reader.execute("SET citus.override_table_visibility = off")
        reader.execute(f"SELECT count(*) FROM {shard}")
        process = spawn("constraints", "apply", *options, dsn=citus.dsn)
        waits = next(line for line in process.stderr if "waiting for" in line)
        who = f"pid {reader.info.backend_pid} on {host}:{port} (client backend, idle in transaction"
        assert who in waits
        reader.rollback()
    assert process.wait(60) == 0
