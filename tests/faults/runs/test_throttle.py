"""Reasons to wait are obeyed, shown, and forgotten when they are gone."""

from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, SLOW, assert_sound, changed, state
from tests.plugins.waiting import until


def test_a_run_pauses_while_the_file_is_there(
    spawn: Spawn, clinic: Database, tmp_path: Path
) -> None:
    file = tmp_path / "pause"
    process = spawn(*APPLY, *SLOW, "--pause-file", str(file), dsn=clinic.dsn)
    until(lambda: changed(clinic) > 0)
    file.touch()
    until(lambda: str(file) in (state(clinic)[1] or ""))
    paused = changed(clinic)
    assert 0 < paused == changed(clinic) < 395
    file.unlink()
    assert process.wait(90) == 0
    assert_sound(clinic)


def test_a_run_waits_for_a_standby_that_lags(
    spawn: Spawn, private_cluster: Callable[[], Cluster], database: MakeDatabase,
    petrec: Petrec,
) -> None:  # fmt: skip
    server = private_cluster()
    clinic = database("clinic", server)
    standby = server.make_standby()
    try:
        with psycopg.connect(standby.dsn(), autocommit=True) as replica:
            replica.execute("SELECT pg_wal_replay_pause()")
            process = spawn(*APPLY, *SLOW, "--max-lag-bytes", "20000", dsn=clinic.dsn)
            until(lambda: (state(clinic)[1] or "").startswith("replica"))
            stuck = changed(clinic)
            assert stuck < 395
            assert changed(clinic) == stuck
            replica.execute("SELECT pg_wal_replay_resume()")
        assert process.wait(90) == 0, process.stderr.read()
        assert_sound(clinic)
        unprivileged(clinic)
        undo = ("runs", "undo", "1", "--yes", "-q")
        ended = petrec(*undo, dsn=server.dsn(clinic.name, "plain"))
        assert ended.code == 3
        assert "pg_monitor" in ended.err
        assert petrec(*undo, "--ignore-lag", dsn=server.dsn(clinic.name, "plain")).code == 0
    finally:
        standby.remove()


def unprivileged(clinic: Database) -> None:
    clinic.execute("CREATE ROLE plain LOGIN")
    for schema in ("public", "petrec"):
        clinic.execute(f"GRANT USAGE ON SCHEMA {schema} TO plain")
        clinic.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO plain")


def test_write_has_what_the_locks_left_of_the_target(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""
        CREATE TABLE bounds (recording text, ms interval);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO bounds VALUES (new.id, current_setting('statement_timeout')::interval);
            RETURN new; END $$;
        CREATE TRIGGER note BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION note()""")
    assert petrec(*APPLY, "--target-ms", "2000", dsn=clinic.dsn).code == 0
    bounds = clinic.execute("""
        SELECT rows = 1, min(ms) > '0 s' AND max(ms) <= '1.8 s', min(ms) = '2 s' FROM bounds
        JOIN (SELECT row_key, count(*) OVER (PARTITION BY batch) AS rows FROM petrec.changes) c
        ON row_key[1] = recording GROUP BY 1 ORDER BY 1""")
    assert bounds == [(False, True, False), (True, False, True)]
