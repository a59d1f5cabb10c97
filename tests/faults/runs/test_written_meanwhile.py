"""A recording that is written between the snapshot of petrec's own write and its row lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import psycopg
import pytest
from sqlalchemy import Connection

from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import BackfillWork
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.batches.write import BatchWrite, Written
from petrec.features.runs.run import Run
from petrec.features.runs.targets import make_target
from petrec.features.runs.undo.plan import plan_undo
from petrec.features.runs.undo.work import UndoWork
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.waiting import until

# A policy that waits is a gate between a statement's snapshot and its row locks.
GATE = """
CREATE FUNCTION gate() RETURNS boolean VOLATILE LANGUAGE sql AS
  'SELECT true FROM (SELECT pg_advisory_xact_lock_shared(42)) AS passed';
CREATE ROLE {role};
GRANT ALL ON ALL TABLES IN SCHEMA public, petrec TO {role};
GRANT USAGE ON SCHEMA petrec TO {role};
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY slow ON {table} TO {role} USING (gate());
"""
ITEM = """SELECT i.seq FROM petrec.plan_items i
          JOIN recordings r ON r.id = i.row_key[1]::uuid
          WHERE r.appointment_id IS NOT NULL AND i.strategy = 'single_pet' ORDER BY i.seq LIMIT 1"""
MOVE = """UPDATE recordings r SET appointment_id =
          (SELECT id FROM appointments a WHERE a.id <> r.appointment_id LIMIT 1) WHERE id = %s"""
AT_THE_GATE = """SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
# As with millions of rows: a recording is found again by its place, the one to be locked.
BY_PLACE = "".join(
    f"SET enable_{way} = off;" for way in ("indexscan", "bitmapscan", "hashjoin", "mergejoin")
)
MOVED = [("the recording has moved to another appointment",)]
TOUCH = "UPDATE recordings SET file_size_bytes = 1 WHERE id = %s"
CANCEL = """DELETE FROM appointments WHERE id =
            (SELECT appointment_id FROM recordings WHERE id = %s)"""
RENUMBER = """WITH place AS (SELECT appointment_id AS id FROM recordings WHERE id = %s),
              alone AS (DELETE FROM appointment_pets l USING place p WHERE l.appointment_id = p.id)
              UPDATE appointments a SET id = gen_random_uuid() FROM place WHERE a.id = place.id"""
RETITLE = """UPDATE appointments SET title = 'x' WHERE id =
             (SELECT appointment_id FROM recordings WHERE id = %s)"""
DANGLING = [("missing_dangling_appointment",)]
TAKE = "UPDATE recordings SET pet_id = NULL WHERE id = %s"
TAKEN = [("its pet has been removed since",)]
SHAPES = pytest.mark.parametrize("shape", ["clinic", "partitioned"])


@dataclass
class Gated:
    """A run on a connection of petrec's, and a session that holds the gate in front of a table."""

    clinic: Database
    connection: Connection
    keeper: psycopg.Connection

    def write(self, work: RunWork, run: Run, seq: int) -> Written:
        locked = work.lock(self.connection, run, [seq])
        assert locked.ready == [seq]
        return BatchWrite(work, run).write(self.connection, run, locked)

    def interrupted(self, work: RunWork, run: Run, seq: int, table: str, change: str) -> Written:
        """Write an item that an application changes between the write's snapshot and its lock."""
        role = f"gated_{self.clinic.name}"
        self.keeper.execute(GATE.format(role=role, table=table))
        self.keeper.execute("SELECT pg_advisory_lock(42)")
        self.connection.exec_driver_sql(f"{BY_PLACE} SET row_security = on; SET ROLE {role}")
        written: list[Written] = []
        writing = Thread(target=lambda: written.append(self.write(work, run, seq)))
        writing.start()
        until(lambda: self.keeper.execute(AT_THE_GATE).fetchall())
        self.keeper.execute(change, (self.recording(seq),))
        self.keeper.execute("SELECT pg_advisory_unlock(42)")
        writing.join()
        self.connection.exec_driver_sql("RESET ROLE")
        self.connection.commit()
        self.keeper.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        return written[0]

    def recording(self, seq: int) -> object:
        query = "SELECT row_key[1]::uuid FROM petrec.plan_items WHERE seq = %s"
        return (self.keeper.execute(query, (seq,)).fetchone() or ())[0]

    def reasons(self) -> list[tuple[str]]:
        return self.keeper.execute("SELECT reason FROM petrec.skips").fetchall()


@contextmanager
def planned(clinic: Database) -> Iterator[tuple[Gated, BackfillWork, Run, int]]:
    """Plan a backfill; its first item with an appointment is to be written."""
    settings = Settings()
    engine = make_engine(resolve_dsn(clinic.dsn, None), settings, "test")
    with engine.connect() as connection, clinic.connect() as keeper:
        schema = load_schema(connection, settings.mapping)
        run = write_plan(connection, schema, make_target(schema))
        connection.commit()
        assert run is not None
        item = keeper.execute(ITEM).fetchone()
        assert item is not None
        yield Gated(clinic, connection, keeper), BackfillWork(schema), run, item[0]
    engine.dispose()


@pytest.mark.few(2)
@SHAPES
@pytest.mark.parametrize(
    ("change", "then", "reasons"),
    [(MOVE, Written(0, 1), MOVED), (TOUCH, Written(1, 0), [])],
    ids=["moved", "touched"],
)
def test_a_backfill_puts_off_what_is_written_meanwhile(
    database: MakeDatabase, every_cluster: Cluster,
    shape: str, change: str, then: Written, reasons: list[tuple[str]],
) -> None:  # fmt: skip
    """What it was inferred from is older than the recording: it must be put off."""
    with planned(database(shape, every_cluster)) as (gated, work, run, seq):
        assert gated.interrupted(work, run, seq, "recordings", change) == Written(0, 0)
        assert gated.write(work, run, seq) == then
        gated.connection.commit()
        assert gated.reasons() == reasons


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("change", "written", "reasons"),
    [
        (CANCEL, Written(0, 1), DANGLING),
        (RENUMBER, Written(0, 1), DANGLING),
        (RETITLE, Written(1, 0), []),
    ],
    ids=["cancelled", "renumbered", "retitled"],
)
def test_an_appointment_that_is_written_before_its_lock_is_judged_as_it_is_then(
    database: MakeDatabase, every_cluster: Cluster,
    change: str, written: Written, reasons: list[tuple[str]],
) -> None:  # fmt: skip
    with planned(database("clinic", every_cluster)) as (gated, work, run, seq):
        assert gated.interrupted(work, run, seq, "appointments", change) == written
        assert gated.reasons() == reasons


@pytest.mark.few(3)
@SHAPES
@pytest.mark.parametrize(
    ("change", "then", "reasons"),
    [(TAKE, Written(0, 1), TAKEN), (TOUCH, Written(1, 0), [])],
    ids=["taken", "touched"],
)
def test_an_undo_puts_off_what_is_written_meanwhile(
    database: MakeDatabase, every_cluster: Cluster,
    shape: str, change: str, then: Written, reasons: list[tuple[str]],
) -> None:  # fmt: skip
    with planned(database(shape, every_cluster)) as (gated, work, run, seq):
        assert gated.write(work, run, seq) == Written(1, 0)
        undo = plan_undo(gated.connection, run.id, run.target)
        gated.connection.commit()
        undoing = UndoWork(work.schema)
        assert gated.interrupted(undoing, undo, seq, "recordings", change) == Written(0, 0)
        assert gated.write(undoing, undo, seq) == then
        gated.connection.commit()
        assert gated.reasons() == reasons
