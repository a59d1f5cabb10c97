"""A synthetic clinic in the damaged state, generated inside the database from a seed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from petrec.demo import appointments, people, server, shares, tables, texts
from petrec.demo.functions import DAYS, functions
from petrec.demo.recordings import RECORDINGS

RECORDINGS_PER_BLOCK = 125
BLOCKS_PER_SLICE = 800
RECORDINGS_PER_STREET = 15
RECORDINGS_PER_PRACTICE = 5_000
REQUESTS_PER_DAY = 6
SESSION = """
SET LOCAL timezone = 'UTC';
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET LOCAL maintenance_work_mem = '256MB';
"""
_PEOPLE = (people.OWNERS, people.PETS, people.USERS, people.API_LOGS)
_SLICE = (
    appointments.PLAN_APPOINTMENTS,
    appointments.APPOINTMENTS,
    appointments.APPOINTMENT_PETS,
    appointments.PLAN_RECORDINGS,
    appointments.VISITS,
    RECORDINGS,
)
_CHOICES = {name: list(choices) for name, choices in texts.CHOICES.items()}
Connection = psycopg.Connection[Any]
Progress = Callable[[str, float], None]


def start_clinic(directory: Path, recordings: int, seed: int, step: Callable[[str], None]) -> str:
    """Start the demo server, create its clinic again, and return the URL."""
    step("starting PostgreSQL")
    url = server.start(directory).create_database()
    with psycopg.connect(url) as connection:
        create(
            connection,
            recordings=recordings,
            seed=seed,
            progress=lambda what, done: step(f"making {recordings} recordings: {what} {done:.0%}"),
        )
    return url


def create(
    connection: Connection, *, recordings: int, seed: int = 1, progress: Progress | None = None
) -> None:
    """Create the clinic's tables in `public` and fill them: all of it, or nothing.

    `progress` is called with the current step and the fraction done so far. The connection must not
    be in a transaction. Errors: psycopg's, such as DuplicateTable where such tables exist already.
    """
    tell = progress or (lambda _step, _fraction: None)
    sizes = _sizes(recordings)
    with _autocommit(connection):
        with connection.transaction():
            tell("people and pets", 0.0)
            _prepare(connection, seed)
            _people(connection, sizes)
            _slices(connection, sizes, tell)
            tell("primary keys", 0.75)
            connection.execute(tables.PRIMARY_KEYS)
            tell("foreign keys", 0.84)
            connection.execute(tables.FOREIGN_KEYS)
        tell("statistics", 0.93)
        connection.execute(tables.VACUUM)
    tell("done", 1.0)


@contextmanager
def _autocommit(connection: Connection) -> Iterator[None]:
    before = connection.autocommit
    connection.autocommit = True
    try:
        yield
    finally:
        connection.autocommit = before


def _sizes(recordings: int) -> dict[str, int]:
    return {
        "recordings": recordings,
        "blocks": -(-recordings // RECORDINGS_PER_BLOCK),
        "streets": max(2, recordings // RECORDINGS_PER_STREET),
        "practices": max(4, recordings // RECORDINGS_PER_PRACTICE),
        "requests": DAYS * REQUESTS_PER_DAY,
    }


def _prepare(connection: Connection, seed: int) -> None:
    connection.execute(SESSION)
    connection.execute(tables.TABLES)
    connection.execute(appointments.PLANS)
    for function in functions(seed):
        connection.execute(function)
    with connection.cursor() as cursor:
        cursor.executemany(appointments.FILL_POSITIONS, list(shares.positions()))
        cursor.executemany(appointments.FILL_SLOTS, list(shares.slots()))
    connection.execute("ANALYZE position_plan, slot_plan")


def _people(connection: Connection, sizes: dict[str, int]) -> None:
    for statement in _PEOPLE:
        _insert(connection, statement, sizes)


def _slices(connection: Connection, sizes: dict[str, int], tell: Progress) -> None:
    blocks = sizes["blocks"]
    for first in range(0, blocks, BLOCKS_PER_SLICE):
        tell("appointments and recordings", 0.05 + 0.7 * first / blocks)
        last = min(first + BLOCKS_PER_SLICE, blocks)
        connection.execute(appointments.CLEAR)
        for statement in _SLICE:
            _insert(connection, statement, sizes | {"first": first, "last": last})


def _insert(connection: Connection, statement: LiteralString, sizes: dict[str, int]) -> None:
    connection.execute(statement, {**_CHOICES, **sizes}, prepare=False)
