"""A batch changes recordings of a worker and their journal on the coordinator, or neither."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.plugins.citus import HASHED, PLAIN, CitusClinics
from tests.plugins.command import Petrec, Spawn
from tests.plugins.forks import Process
from tests.plugins.waiting import until

APPLY = ("backfill", "--apply", "--yes")
HELD = 4711
# Fires as the shard is prepared, or as the coordinator commits: RETURN NULL suits both.
TRIGGER = """
CREATE OR REPLACE FUNCTION public.at_the_end() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN {body}; RETURN NULL; END $f$;
CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.at_the_end()
"""
LOCAL_DDL = (
    "SET citus.enable_ddl_propagation = off",
    "SET citus.enable_manual_changes_to_shards = on",
    "SET citus.override_table_visibility = off",
)
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 4711"
WAITS_FOR_STANDBY = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
JOURNALED = """
SELECT row_key[1]::int, (new ->> 'pet_id')::int FROM petrec.changes
WHERE run_id = (SELECT max(id) FROM petrec.runs) ORDER BY 1
"""


def shard_of(citus: CitusClinics, layout: str, recording: int) -> tuple[str, str]:
    """Return the shard with a recording, and its worker's connection string."""
    ((name, host, port),) = citus.execute(
        "SELECT s.shard_name, s.nodename, s.nodeport FROM citus_shards s WHERE s.shardid ="
        " get_shard_id_for_distribution_column({0}, (SELECT appointment_id FROM {1}.recordings"
        f" WHERE id = {recording}))".replace("{0}", f"'{layout}.recordings'").replace("{1}", "{}"),
        layout,
    )
    return name, make_conninfo(citus.dsn, host=host, port=port)


def at_the_end(dsn: str, table: str, body: str) -> None:
    """Let a trigger do something as a transaction ends that writes to a table of one node."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in LOCAL_DDL:
            connection.execute(statement)
        connection.execute(TRIGGER.format(body=body, table=table))


def changed(citus: CitusClinics, layout: str) -> list[tuple[int, int]]:
    """Return what differs from the plain clinic as it was built: recordings and their pets."""
    before = {row[0]: row[2] for row in citus.recordings(PLAIN[layout])}
    return [(key, pet) for key, _, pet in citus.recordings(layout) if pet != before[key]]


def agrees(citus: CitusClinics, layout: str) -> list[tuple[int, int]]:
    """Return what has changed, which the journal of the last run has, too."""
    found = changed(citus, layout)
    assert found == citus.execute(JOURNALED)
    return found


def certain(petrec: Petrec, citus: CitusClinics, layout: str = HASHED) -> list[tuple[int, int]]:
    """Return what a backfill changes; both clinics are as they were built."""
    plain = PLAIN[layout]
    citus.build(plain)
    petrec(*APPLY, "--schema", plain, dsn=citus.dsn)
    written: list[tuple[int, int]] = citus.execute(JOURNALED)
    citus.build(plain)
    citus.build(layout)
    return written


@pytest.mark.parametrize("layout", PLAIN)
@pytest.mark.parametrize("node", ["worker", "coordinator"])
def test_a_commit_that_fails_writes_neither(
    node: str, layout: str, petrec: Petrec, citus: CitusClinics
) -> None:
    expected = certain(petrec, citus, layout)
    refused = expected[5][0]
    if node == "worker":
        shard, worker = shard_of(citus, layout, refused)
        table = f"{layout}.{shard.rpartition('.')[2]}"
        fails = f"IF NEW.id = {refused} THEN RAISE check_violation; END IF"
        at_the_end(worker, table, fails)
    else:
        fails = f"IF NEW.row_key[1] = '{refused}' THEN RAISE check_violation; END IF"
        at_the_end(citus.dsn, "petrec.changes", fails)
    done = petrec(*APPLY, "--schema", layout, dsn=citus.dsn)
    assert done.code == 1, done.err
    if node == "coordinator":
        citus.execute("DROP TRIGGER at_the_end ON petrec.changes")
    assert agrees(citus, layout) == [each for each in expected if each[0] != refused]


@contextmanager
def held_at_the_end(
    spawn: Spawn, citus: CitusClinics, recording: int
) -> Iterator[tuple[Process, psycopg.Connection]]:
    """Start a run whose batch with a recording waits as its shard is being prepared.

    Yields its process, and the session on the worker that it waits for.
    """
    shard, worker = shard_of(citus, HASHED, recording)
    wait = f"IF NEW.id = {recording} THEN PERFORM pg_advisory_xact_lock({HELD}); END IF"
    at_the_end(worker, f"{HASHED}.{shard.rpartition('.')[2]}", wait)
    with psycopg.connect(worker, autocommit=True) as holder:
        holder.execute(f"SELECT pg_advisory_lock({HELD})")
        process = spawn(*APPLY, "--target-ms", "2000", "--schema", HASHED, dsn=citus.dsn)
        until(lambda: holder.execute(WAITING).fetchone())
        yield process, holder


def test_petrec_killed_in_a_commit_is_resumed(
    petrec: Petrec, spawn: Spawn, citus: CitusClinics
) -> None:
    expected = certain(petrec, citus)
    with held_at_the_end(spawn, citus, expected[-3][0]) as (process, _):
        process.kill()
    done = petrec(*APPLY, "--schema", HASHED, dsn=citus.dsn)
    assert done.code == 0, done.err
    assert agrees(citus, HASHED) == expected


def test_a_session_of_a_worker_that_ends_in_a_commit_loses_nothing(
    petrec: Petrec, spawn: Spawn, citus: CitusClinics
) -> None:
    expected = certain(petrec, citus)
    with held_at_the_end(spawn, citus, expected[-3][0]) as (process, holder):
        ((pid,),) = holder.execute(WAITING).fetchall()
        holder.execute(f"SELECT pg_terminate_backend({int(pid)})")
    assert process.wait(120) in {0, 3}
    agrees(citus, HASHED)
    petrec(*APPLY, "--schema", HASHED, dsn=citus.dsn)
    assert changed(citus, HASHED) == expected


def test_a_recording_that_others_hold_is_written_later(
    petrec: Petrec, spawn: Spawn, citus: CitusClinics
) -> None:
    expected = certain(petrec, citus)
    held = expected[4][0]
    ((place,),) = citus.execute(
        f"SELECT appointment_id FROM {{}}.recordings WHERE id = {held}", HASHED
    )
    with psycopg.connect(citus.dsn) as holder:
        holder.execute(
            f"SELECT 1 FROM {HASHED}.recordings WHERE id = %s AND appointment_id = %s FOR UPDATE",
            (held, place),
        )
        process = spawn(*APPLY, "--schema", HASHED, dsn=citus.dsn)
        until(lambda: len(citus.execute(JOURNALED)) == len(expected) - 1)
        assert held not in [key for key, _ in agrees(citus, HASHED)]
        holder.rollback()
    assert process.wait(120) == 0
    assert agrees(citus, HASHED) == expected


def reloaded(citus: CitusClinics) -> bool:
    """Let the coordinator read its settings again, as soon as it is back."""
    try:
        return bool(citus.execute("SELECT pg_reload_conf()"))
    except psycopg.OperationalError:
        return False


def test_a_coordinator_that_crashes_between_the_phases_finishes_the_batch(
    petrec: Petrec, spawn: Spawn, citus: CitusClinics
) -> None:
    expected = certain(petrec, citus)
    with held_at_the_end(spawn, citus, expected[-3][0]) as (process, holder):
        # Its own commit is on disk and waits for a standby before the worker is told.
        citus.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        citus.execute("SELECT pg_reload_conf()")
        holder.execute(f"SELECT pg_advisory_unlock({HELD})")
        try:
            ((pid,),) = until(citus.execute, WAITS_FOR_STANDBY)
            prepared = holder.execute("SELECT count(*) FROM pg_prepared_xacts").fetchone()
        finally:
            citus.execute("ALTER SYSTEM RESET synchronous_standby_names")
        assert prepared == (1,)
        with (
            psycopg.connect(citus.dsn, autocommit=True) as connection,
            pytest.raises(psycopg.OperationalError),
        ):
            connection.execute(f"COPY (SELECT 1) TO PROGRAM 'kill -9 {int(pid)}; sleep 60'")
    until(reloaded, citus)
    assert process.wait(60) == 0, "the run goes on as soon as the coordinator is back"
    citus.execute("SELECT recover_prepared_transactions()")
    assert agrees(citus, HASHED) == expected
    run = re.sub(r"\D", "", str(citus.execute("SELECT max(id) FROM petrec.runs")))
    assert petrec("runs", "undo", run, "--yes", "--schema", HASHED, dsn=citus.dsn).code == 0
    assert changed(citus, HASHED) == []
