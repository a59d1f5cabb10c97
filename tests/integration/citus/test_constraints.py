"""Constraints hold on the shards, and a strong lock behind a worker's reader waits briefly."""

import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.plugins.citus import HASHED, TENANT, CitusClinics
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
@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_constraints_and_rollback_agree_with_the_shards(
    layout: str, more: tuple[str, ...], foreign_keys: int, petrec: Petrec, citus: CitusClinics
) -> None:
    sound(citus, layout)
    options = ("--group", "required", *more, "--schema", layout, "--yes")
    assert petrec("constraints", "apply", *options, dsn=citus.dsn).code == 0
    assert on_shards(citus, layout, f"{foreign_keys} of {foreign_keys}")
    assert petrec("constraints", "rollback", *options, dsn=citus.dsn).code == 0
    assert on_shards(citus, layout, "0 of 0")


@pytest.mark.parametrize("layout", [TENANT, HASHED])
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
        waits: list[float] = []
        while len(waits) < 40 and process.poll() is None:
            started = time.monotonic()
            other.execute(f"SELECT count(*) FROM {layout}.recordings")
            waits.append(time.monotonic() - started)
            time.sleep(0.1)
        reader.rollback()
    assert process.wait(60) == 0
    assert max(waits) < 0.3 + 0.5
