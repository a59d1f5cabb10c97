"""The server goes away in the middle, and comes back."""

from collections.abc import Callable

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.runs import APPLY, SLOW, assert_sound, changed, state
from tests.plugins.waiting import until


def test_a_run_outlives_a_restart_of_the_server(
    spawn: Spawn, private_cluster: Callable[[], Cluster], database: MakeDatabase
) -> None:
    server = private_cluster()
    clinic = database("clinic", server)
    process = spawn(*APPLY, *SLOW, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 20)
    server.stop("immediate")
    server.start_again()
    assert process.wait(90) == 0, process.stderr.read()
    assert_sound(clinic)
    assert changed(clinic) == 395


def test_a_run_outlives_its_backend(spawn: Spawn, clinic: Database) -> None:
    process = spawn(*APPLY, *SLOW, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 20)
    clinic.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE 'petrec%' AND datname = current_database()"
    )
    assert process.wait(90) == 0, process.stderr.read()
    assert_sound(clinic)


def test_server_that_stays_away(
    spawn: Spawn, private_cluster: Callable[[], Cluster], database: MakeDatabase,
    petrec: Petrec,
) -> None:  # fmt: skip
    server = private_cluster()
    clinic = database("clinic", server)
    process = spawn(*APPLY, *SLOW, "--deadline", "1", dsn=clinic.dsn)
    until(lambda: changed(clinic) > 20)
    server.stop("immediate")
    assert process.wait(90) == 3
    assert "petrec runs resume 1" in process.stderr.read()
    server.start_again()
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)


def test_trigger_that_raises_stops_the_run_resumably(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION refuse()""")
    ended = petrec(*APPLY, dsn=clinic.dsn)
    assert ended.code == 3
    assert 'every row is refused by trigger "refuse" on recordings' in ended.err
    assert "not today" not in ended.err
    assert state(clinic)[0] == "stopped"
    clinic.execute("DROP TRIGGER refuse ON recordings")
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert changed(clinic) == 395


def test_trigger_that_suppresses_is_reported(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""
        CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER ignore BEFORE UPDATE ON recordings FOR EACH ROW
        WHEN (old.status = 'failed') EXECUTE FUNCTION ignore()""")
    shown = petrec("backfill", dsn=clinic.dsn).out
    assert "ignore" in shown
    assert petrec(*APPLY, dsn=clinic.dsn).code == 1
    suppressed = clinic.execute("SELECT count(*), min(reason) FROM petrec.skips")[0]
    assert suppressed == (395 - changed(clinic), "a trigger suppressed the change")


def test_row_that_takes_longer_than_the_target(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(10); RETURN new; END $$;
        CREATE TRIGGER dawdle BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION dawdle()""")
    ended = petrec(*APPLY, "--deadline", "0.1", dsn=clinic.dsn)
    assert ended.code == 3
    assert "a single row takes longer than --target-ms" in ended.err
    assert state(clinic)[0] == "stopped"
    assert changed(clinic) == 0
