"""What the driver has prepared is run by libpq: rows, errors and ends are those of a cursor."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Double,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    table,
    union_all,
)

from petrec.api.deadline import Deadline
from petrec.api.statements import CompiledStatement
from tests.plugins.databases import Database

Connection = psycopg.Connection[tuple[Any, ...]]

# Executed so often, psycopg prepares a statement.
OFTEN = 7
given: Any = bindparam("given")
NOTED: Any = union_all(
    select(cast(given, Text).label("text"), literal_column("1").label("number")),
    select(literal_column("NULL::text"), literal_column("2")),
)
NOTE = insert(table("notes", column("n"))).from_select(
    ["n"], select(cast(given, Text)).where(cast(given, Text) != "none")
)
SLEEP = select(func.pg_sleep(cast(given, Double)).is_(None).label("slept"))


@pytest.fixture
def session(database: Callable[..., Database]) -> Iterator[Connection]:
    made = database("with_visits")
    made.execute("CREATE TABLE notes (n text UNIQUE)")
    with psycopg.connect(made.cluster.dsn(made.name), autocommit=True) as connection:
        yield connection


def often(session: Connection, statement: CompiledStatement) -> None:
    for _ in range(OFTEN):
        statement.rows(session, {"given": "0"})


def test_the_rows_are_those_of_a_cursor(
    session: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = CompiledStatement(NOTED)
    first: list[Any] = noted.rows(session, {"given": "ä"})
    often(session, noted)
    # Fails where another version of the driver keeps what it has prepared elsewhere.
    monkeypatch.delattr(psycopg, "RawCursor")
    found: list[Any] = noted.rows(session, {"given": "ä"})
    assert [(row.text, row.number) for row in found] == [("ä", 1), (None, 2)] == first


def test_what_a_rollback_has_dropped_is_prepared_again(session: Connection) -> None:
    noted = CompiledStatement(NOTED)
    for _ in range(2):
        often(session, noted)
        session.execute("BEGIN")
        session.rollback()
        found: Any = noted.first(session, {"given": "b"})
        assert found == ("b", 1)


def test_an_error_has_its_class_and_ends_the_transaction_only(session: Connection) -> None:
    note = CompiledStatement(NOTE)
    assert [note.run(session, {"given": str(number)}) for number in range(OFTEN)] == [1] * OFTEN
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        note.run(session, {"given": "3"})
    assert refused.value.diag.constraint_name == "notes_n_key"
    assert note.run(session, {"given": "none"}) == 0
    assert note.run(session, {"given": "new"}) == 1


def test_a_session_that_ends_meanwhile_is_closed(session: Connection) -> None:
    noted = CompiledStatement(NOTED)
    often(session, noted)
    with psycopg.connect(session.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [session.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        noted.rows(session, {"given": "b"})
    assert session.closed


def test_the_end_of_a_request_ends_it(session: Connection) -> None:
    sleep = CompiledStatement(SLEEP)
    often(session, sleep)

    def wait_until_the_end() -> None:
        deadline = Deadline()
        with deadline.holding(session):
            deadline.end()
            sleep.rows(session, {"given": "600"})

    with pytest.raises(psycopg.OperationalError):
        wait_until_the_end()
    assert session.closed
