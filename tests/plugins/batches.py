"""A planned backfill of a clinic, whose batches a test writes one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection

from petrec.features.backfill.record import write_plan
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.batches.batch import Batch, is_refused, run_batch
from petrec.features.runs.batches.items import next_page
from petrec.features.runs.batches.size import Pace
from petrec.features.runs.batches.split import SplitWrite, Write
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.journal.store import read_run
from petrec.features.runs.run import Run
from petrec.features.runs.targets import make_target
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.databases import Database

ROW = "(SELECT row_key[1]::uuid FROM petrec.plan_items WHERE seq = {seq})"
PROGRESS = """
SELECT pass, cursor, changed, skipped, deferred, batches, batch_size
FROM petrec.runs WHERE id = %s
"""


@dataclass
class Work:
    """A run, and the connection on which its batches are written."""

    clinic: Database
    connection: Connection
    work: RunWork
    run: Run

    @property
    def query(self) -> Write:
        """Return the run's statement, in parts where the recordings are elsewhere."""
        if not self.work.schema.layout.is_here:
            return SplitWrite.of(self.work, self.run)
        return BatchWrite(self.work, self.run)

    def batch(
        self, size: int, *, retrying: bool = True, target_ms: float = 5_000, alone_ms: float = 0
    ) -> Batch:
        pace, query = Pace(target_ms, size, alone_ms), self.query
        done = run_batch(self.connection, self.run, self.work, query, pace, retrying=retrying)
        self.run = done.run
        return done

    def refuses(self, seq: int) -> bool:
        return is_refused(self.connection, self.run, self.work, self.query, seq)

    def page(self, size: int) -> list[int]:
        found = next_page(self.connection, self.run, self.work, size)
        self.connection.rollback()
        return found

    def execute(self, query: str, **values: object) -> list[tuple[object, ...]]:
        row = ROW.format(seq=values.get("seq", 1))
        return self.clinic.execute(query.format(row=row, **values))

    def skipped(self) -> list[tuple[object, ...]]:
        """Return what the run has skipped, and why."""
        query = "SELECT seq, cause, reason FROM petrec.skips WHERE run_id = %s ORDER BY seq"
        return self.clinic.execute(query, (self.run.id,))

    def recorded(self) -> tuple[object, ...]:
        found = read_run(self.connection, self.run.target_name, self.run.id)
        self.connection.rollback()
        assert found.cursor == self.run.cursor
        return self.clinic.execute(PROGRESS, (self.run.id,))[0]


@contextmanager
def planned(clinic: Database) -> Iterator[Work]:
    """Plan a backfill, which also sets updated_at."""
    engine = make_engine(resolve_dsn(clinic.dsn, None), Settings(), "test")
    with engine.connect() as connection:
        schema = load_schema(connection, Settings().mapping)
        run = write_plan(connection, schema, make_target(schema, ["updated_at"]))
        connection.commit()
        assert run is not None
        yield Work(clinic, connection, backfill_work(schema), run)


@pytest.fixture
def work(clinic: Database) -> Iterator[Work]:
    with planned(clinic) as made:
        assert made.run.planned == 395
        yield made
