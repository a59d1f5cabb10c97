"""The application beside a migration: writers of single rows, each at a fixed rate.

A transaction's latency counts from when it was due, so that a writer that is kept waiting also
pays for the transactions that it could not start meanwhile.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event, Thread

import psycopg

CLIENTS = 8
PER_CLIENT_S = 20.0
WRITE = "UPDATE recordings SET transcript_confidence = random() WHERE id = %s"


@contextmanager
def writers(
    dsn: str, sql: str = WRITE, per_client_s: float = PER_CLIENT_S, table: str = "recordings"
) -> Iterator[Callable[[], list[float]]]:
    """Run writers in a process of their own; the function given stops them: latencies in ms.

    With another statement that takes an id, of `table`, they are readers.
    """
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(
        target=_write, args=(dsn, theirs, sql, per_client_s, table), daemon=True
    )
    process.start()
    mine.recv()

    def stop() -> list[float]:
        mine.send("stop")
        return list(mine.recv())

    try:
        yield stop
    finally:
        process.terminate()
        process.join()


def percentile(latencies: list[float], percent: int) -> float:
    """Return a percentile of at least two latencies."""
    return statistics.quantiles(latencies, n=100)[percent - 1]


def _write(dsn: str, pipe: Connection, sql: str, per_client_s: float, table: str) -> None:
    with psycopg.connect(dsn) as connection:
        query = f"SELECT id FROM {table} TABLESAMPLE SYSTEM (2)"
        rows = [row[0] for row in connection.execute(query)]
    stop = Event()
    latencies: list[float] = []
    load = Load(dsn, sql, per_client_s, rows, stop, latencies)
    clients = [Thread(target=_client, args=(load, n)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    pipe.send("started")
    pipe.recv()
    stop.set()
    for client in clients:
        client.join()
    pipe.send(latencies)


@dataclass(frozen=True)
class Load:
    """What all clients of a process share."""

    dsn: str
    sql: str
    per_client_s: float
    rows: list[object]
    stop: Event
    latencies: list[float]


def _client(load: Load, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - which row, not a secret
    with psycopg.connect(load.dsn, autocommit=True) as connection:
        due = time.monotonic() + chance.random() / load.per_client_s
        while not load.stop.wait(max(0.0, due - time.monotonic())):
            connection.execute(load.sql, (chance.choice(load.rows),))
            load.latencies.append(1000 * (time.monotonic() - due))
            due += 1 / load.per_client_s
