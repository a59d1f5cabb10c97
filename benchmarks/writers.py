"""The application beside a migration: writers of single rows, each at a fixed rate.

A transaction's latency counts from when it was due, so that a writer that is kept waiting also
pays for the transactions that it could not start meanwhile.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event, Thread

import psycopg

CLIENTS = 8
PER_CLIENT_S = 20.0
WRITE = "UPDATE recordings SET transcript_confidence = random() WHERE id = %s"


@contextmanager
def writers(dsn: str) -> Iterator[Callable[[], list[float]]]:
    """Run writers in a process of their own; the function given stops them: latencies in ms."""
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_write, args=(dsn, theirs), daemon=True)
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


def _write(dsn: str, pipe: Connection) -> None:
    with psycopg.connect(dsn) as connection:
        query = "SELECT id FROM recordings TABLESAMPLE SYSTEM (2)"
        rows = [row[0] for row in connection.execute(query)]
    stop = Event()
    latencies: list[float] = []
    clients = [Thread(target=_client, args=(dsn, rows, n, stop, latencies)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    pipe.send("started")
    pipe.recv()
    stop.set()
    for client in clients:
        client.join()
    pipe.send(latencies)


def _client(dsn: str, rows: list[object], seed: int, stop: Event, latencies: list[float]) -> None:
    chance = random.Random(seed)  # noqa: S311 - which row, not a secret
    with psycopg.connect(dsn, autocommit=True) as connection:
        due = time.monotonic() + chance.random() / PER_CLIENT_S
        while not stop.wait(max(0.0, due - time.monotonic())):
            connection.execute(WRITE, (chance.choice(rows),))
            latencies.append(1000 * (time.monotonic() - due))
            due += 1 / PER_CLIENT_S
