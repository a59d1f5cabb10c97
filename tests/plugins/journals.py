"""A journal that a test of `integration/runs` fills row by row, beside a clinic of a few rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, insert

from petrec.features.runs.journal.store import create_run
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.run import Action, Target
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings
from tests.plugins.databases import Database

TABLES = """
CREATE TABLE pets (id int PRIMARY KEY);
CREATE TABLE appointments (id int PRIMARY KEY);
CREATE TABLE appointment_pets (appointment_id int, pet_id int);
CREATE TABLE recordings (id int, appointment_id int, pet_id int, PRIMARY KEY (id, appointment_id));
"""


@contextmanager
def journal(database: Database, rows: str, *targets: Target) -> Iterator[Connection]:
    """Open a database with these rows, and a journal with a review of each target, from run 1."""
    database.execute(TABLES + rows)
    engine = make_engine(resolve_dsn(database.dsn, None), Settings(), "test")
    with engine.connect() as connection:
        for target in targets:
            create_run(connection, Action.REVIEW, target)
        yield connection


def add_changes(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Journal changes; what a row does not name is of no account to the test."""
    rest: dict[str, Any] = {"strategy": "", "old": {}, "new": {}, "batch": 1, "old_key": None}
    connection.execute(insert(changes), [rest | row for row in rows])
