"""The application goes on writing: none of its statements fails, none of its values is lost."""

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, changed
from tests.plugins.waiting import until

LOG = """
CREATE TABLE written (recording uuid, transcript text, at bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE joined (appointment uuid, locked_at timestamptz)
"""
# Writers that never rest leave no processor to the backfill that they are to meet.
PAUSE_S = 0.002


@dataclass
class Writer(threading.Thread):
    """Transactions in the orders that invite deadlocks with a careless backfill."""

    clinic: Database
    seed: int
    stop: threading.Event
    failures: list[psycopg.Error] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        chance = random.Random(self.seed)
        with psycopg.connect(self.clinic.dsn) as connection:
            rows = connection.execute(
                "SELECT id, appointment_id FROM recordings WHERE appointment_id IN"
                " (SELECT appointment_id FROM appointment_pets) ORDER BY id"
            ).fetchall()
            mine = [row for row in rows if hash(row[1]) % 2 == self.seed % 2]
            while not self.stop.wait(PAUSE_S):
                try:
                    self.transaction(connection, chance, *chance.choice(mine))
                    self.done += 1
                except psycopg.Error as error:
                    self.failures.append(error)
                    connection.rollback()

    def transaction(
        self, connection: psycopg.Connection[Any], chance: random.Random, recording: Any, visit: Any
    ) -> None:
        steps = [self.transcribe, self.add_pet]
        if chance.random() < 0.5:
            steps.reverse()
        for step in steps:
            step(connection, chance, recording, visit)
        connection.commit()

    def transcribe(self, connection: Any, chance: random.Random, recording: Any, _: Any) -> None:
        text = f"{self.seed}-{chance.random()}"
        update = "UPDATE recordings SET transcript_text = %s WHERE id = %s"
        if connection.execute(update, (text, recording)).rowcount:
            insert = "INSERT INTO written (recording, transcript) VALUES (%s, %s)"
            connection.execute(insert, (recording, text))

    def add_pet(self, connection: Any, chance: random.Random, _: Any, appointment: Any) -> None:
        if chance.random() < 0.7:
            return
        added = connection.execute(
            "INSERT INTO appointment_pets SELECT %s, id FROM pets ORDER BY random() LIMIT 1"
            " ON CONFLICT DO NOTHING", (appointment,),
        ).rowcount  # fmt: skip
        if added:
            log = "INSERT INTO joined VALUES (%s, clock_timestamp())"
            connection.execute(log, (appointment,))


@pytest.mark.parametrize("writers", [2, pytest.param(8, marks=pytest.mark.full)])
def test_writers_never_notice(spawn: Spawn, clinic: Database, writers: int) -> None:
    clinic.execute(LOG)
    stop = threading.Event()
    threads = [Writer(clinic, seed, stop) for seed in range(writers)]
    for thread in threads:
        thread.start()
    until(lambda: all(thread.done > 5 for thread in threads))
    process = spawn(*APPLY, "--max-rows-per-second", "300", "--target-ms", "50", dsn=clinic.dsn)
    code = process.wait(120)
    stop.set()
    for thread in threads:
        thread.join()
    assert [failure for thread in threads for failure in thread.failures] == []
    assert code == 0, process.stderr.read()
    assert changed(clinic) > 0
    assert_no_value_lost(clinic)
    assert_no_stale_evidence(clinic)


def assert_no_value_lost(clinic: Database) -> None:
    lost = """SELECT count(*) FROM (SELECT DISTINCT ON (recording) * FROM written
                                    ORDER BY recording, at DESC) AS last
              JOIN recordings r ON r.id = last.recording
              WHERE r.transcript_text IS DISTINCT FROM last.transcript"""
    assert clinic.execute(lost) == [(0,)]


def assert_no_stale_evidence(clinic: Database) -> None:
    """A pet that had joined before a row was assigned must have kept the row from being so."""
    stale = """SELECT count(*) FROM petrec.changes c JOIN recordings r ON r.id = c.row_key[1]::uuid
               JOIN joined j ON j.appointment = r.appointment_id
               WHERE j.locked_at < c.changed_at"""
    assert clinic.execute(stale) == [(0,)]
    unsettled = """SELECT count(*) FROM recordings r WHERE pet_id IS NULL AND 1 =
                   (SELECT count(*) FROM appointment_pets ap JOIN pets p ON p.id = ap.pet_id
                    WHERE ap.appointment_id = r.appointment_id)"""
    assert clinic.execute(unsettled) == [(0,)]
