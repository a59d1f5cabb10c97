"""A recording that moves to another appointment just before its row is locked."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from sqlalchemy import Connection

from petrec.backfill.plan import make_target, write_plan
from petrec.backfill.work import BackfillWork
from petrec.db.connect import make_engine
from petrec.db.dsn import resolve_dsn
from petrec.db.preflight import load_schema
from petrec.journal.install import install_journal
from petrec.journal.work import Locked
from petrec.results.runs import Run
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.waiting import until

# A policy that waits is a gate between a statement's snapshot and its row locks.
GATE = """
CREATE FUNCTION gate() RETURNS boolean VOLATILE LANGUAGE sql AS
  'SELECT true FROM (SELECT pg_advisory_xact_lock_shared(42)) AS passed';
CREATE ROLE gated;
GRANT ALL ON ALL TABLES IN SCHEMA public, petrec TO gated;
GRANT USAGE ON SCHEMA petrec TO gated;
ALTER TABLE appointments ENABLE ROW LEVEL SECURITY;
CREATE POLICY slow ON appointments TO gated USING (gate());
"""
ITEM = """SELECT i.seq, r.id, (SELECT id FROM appointments a WHERE a.id <> r.appointment_id LIMIT 1)
          FROM petrec.plan_items i JOIN recordings r ON r.id = i.row_key[1]::uuid
          WHERE r.appointment_id IS NOT NULL ORDER BY i.seq LIMIT 1"""
AT_THE_GATE = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@contextmanager
def planned(clinic: Database) -> Iterator[tuple[Connection, BackfillWork, Run]]:
    settings = Settings()
    engine = make_engine(resolve_dsn(clinic.dsn, None), settings, "test")
    install_journal(engine)
    with engine.connect() as connection:
        schema = load_schema(connection, settings.mapping)
        run = write_plan(connection, schema, make_target(schema))
        connection.commit()
        assert run is not None
        yield connection, BackfillWork(schema), run
    engine.dispose()


def test_moved_between_snapshot_and_lock(clinic: Database) -> None:
    """Its old appointment is what the statement saw: the item must be put off."""
    with planned(clinic) as (connection, work, run), clinic.connect() as gatekeeper:
        gatekeeper.execute(GATE)
        seq, recording, elsewhere = gatekeeper.execute(ITEM).fetchone() or ()
        gatekeeper.execute("SELECT pg_advisory_lock(42)")
        connection.exec_driver_sql("SET ROLE gated")
        found: list[Locked] = []
        locking = Thread(target=lambda: found.append(work.lock(connection, run, [seq])))
        locking.start()
        until(lambda: gatekeeper.execute(AT_THE_GATE).fetchall())
        gatekeeper.execute(
            "UPDATE recordings SET appointment_id = %s WHERE id = %s", (elsewhere, recording)
        )
        gatekeeper.execute("SELECT pg_advisory_unlock(42)")
        locking.join()
        assert found == [Locked([seq], [])]
        connection.exec_driver_sql("RESET ROLE")
        connection.rollback()
        assert work.lock(connection, run, [seq]) == Locked([seq], [seq])
        connection.rollback()
        gatekeeper.execute("DROP OWNED BY gated; DROP ROLE gated")
