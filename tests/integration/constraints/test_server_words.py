"""What the server adds to an error reaches the user where it names objects, not rows."""

import pytest

from petrec.errors import PetrecError, TimedOutError
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.errors import translated
from tests.plugins.databases import Database

HELD = "CREATE VIEW reads_pets AS SELECT * FROM pets; DROP TABLE pets"
DOUBLE = "CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('a secret'), ('a secret')"
RAISES = (
    "DO $$ BEGIN RAISE 'no' USING ERRCODE = '42P16', DETAIL = 'a secret', HINT = 'a secret'; END $$"
)


def refused(clinic: Database, sql: str, *before: str) -> PetrecError:
    """Return what a user is told of a statement that the server refuses."""
    connection = clinic.connect()
    for each in before:
        connection.execute(each)
    with pytest.raises(PetrecError) as error, translated(resolve_dsn(clinic.dsn, None)):
        connection.execute(sql)
    return error.value


def test_detail_and_hint_name_what_holds_an_object(clinic: Database) -> None:
    error = refused(clinic, HELD)
    assert "view reads_pets depends on table pets" in error.reason
    assert "CASCADE" in error.hint


@pytest.mark.parametrize("sql", [DOUBLE, RAISES])
def test_values_of_rows_stay_where_they_are(clinic: Database, sql: str) -> None:
    error = refused(clinic, sql)
    assert "secret" not in f"{error.reason} {error.hint}"


def test_a_limit_on_transactions_is_told_as_a_timeout(clinic: Database) -> None:
    if clinic.cluster.major < 17:
        pytest.skip("transaction_timeout came with version 17")
    error = refused(clinic, "SELECT pg_sleep(60)", "SET transaction_timeout = '20ms'")
    assert isinstance(error, TimedOutError)
    assert "transaction_timeout" in error.hint
