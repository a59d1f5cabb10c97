"""A transaction left open beside an application that reads: named, and no harm done."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
import pytest

from tests.plugins.clean import clean
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.waiting import until

INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
READ = "SELECT count(*) FROM recordings WHERE pet_id = (SELECT min(id::text)::uuid FROM pets)"
READERS, PAUSE_S = 4, 0.02


@contextmanager
def application(clinic: Database) -> Iterator[list[str]]:
    """Read 200 times a second, where the machine can; gives what became of each read so far."""
    reads: list[str] = []
    stop = Event()

    def read() -> None:
        with psycopg.connect(clinic.dsn, autocommit=True) as connection:
            while not stop.wait(PAUSE_S):
                try:
                    connection.execute(READ)
                    reads.append("")
                except psycopg.Error as error:
                    reads.append(str(error))

    threads = [Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: reads)
        yield reads
    finally:
        stop.set()
        for thread in threads:
            thread.join()


# An idle transaction that may read again what it has read stops index builds; one that may not
# has only its lock, which stops strong ones.
@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("group", "isolation", "half_done"),
    [
        ("required", psycopg.IsolationLevel.READ_COMMITTED, 0),
        ("indexes", psycopg.IsolationLevel.REPEATABLE_READ, 1),
    ],
    ids=["strong-lock", "index-build"],
)
def test_an_idle_reader_outlasts_the_deadline(
    petrec: Petrec, clinic: Database, group: str, isolation: psycopg.IsolationLevel, half_done: int
) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.isolation_level = isolation
    idle.execute("SELECT count(*) FROM recordings")
    apply = ("constraints", "apply", "--yes", "--group", group)
    with application(clinic) as reads:
        before = len(reads)
        ended = petrec(*apply, "--deadline", "3", dsn=clinic.dsn)
        assert ended.code == 3, ended.err
        assert f"blocked by pid {idle.info.backend_pid} " in ended.err
        assert "same command again" in ended.err
        assert len(reads) > before
        assert idle.execute("SELECT 1").fetchone() == (1,)
        assert len(clinic.execute(INVALID)) == half_done
        idle.rollback()
        again = petrec(*apply, dsn=clinic.dsn)
    assert again.code == 0, again.err
    assert set(reads) == {""}
    assert petrec("constraints", "status", "--group", group, dsn=clinic.dsn).code == 0
    assert clinic.execute(INVALID) == []
