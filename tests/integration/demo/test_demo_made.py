"""The demo makes a clinic of any size, whole, and twice the same."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from petrec.demo import clinic
from tests.plugins.demo_queries import number

TABLES = (
    "pet_owners",
    "pets",
    "users",
    "appointments",
    "appointment_pets",
    "visits",
    "recordings",
    "api_logs",
)


def digests(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The md5 of each table's rows, whatever their order."""
    connection.execute("SET timezone = 'UTC'")
    query = """SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C")) FROM {} t"""
    rows = {table: connection.execute(query.format(table)).fetchone() for table in TABLES}
    return {table: row[0] for table, row in rows.items() if row}


def drop_all(connection: psycopg.Connection[Any]) -> None:
    connection.execute(f"DROP TABLE {', '.join(TABLES)} CASCADE")
    connection.commit()


def test_same_seed_same_data(empty_database: Any) -> None:
    connection = empty_database.connect()
    found = []
    for seed in (7, 7, 8):
        clinic.create(connection, recordings=250, seed=seed)
        found.append(digests(connection))
        drop_all(connection)
    first, again, other = found
    assert first == again
    assert not set(first.values()) & set(other.values())


@pytest.mark.parametrize("recordings", [0, 1, 126])
def test_a_clinic_of_any_size_can_be_made(empty_database: Any, recordings: int) -> None:
    connection = empty_database.connect()
    clinic.create(connection, recordings=recordings)
    assert number(connection, "SELECT count(*) FROM recordings") == recordings


def test_progress_only_grows(empty_database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clinic, "BLOCKS_PER_SLICE", 2)
    told: list[tuple[str, float]] = []
    tell: Callable[[str, float], None] = lambda step, fraction: told.append((step, fraction))  # noqa: E731
    clinic.create(empty_database.connect(), recordings=125 * 5, progress=tell)
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert [step for step, _ in told].count("appointments and recordings") == 3
    assert told[0][1] == 0.0
    assert told[-1] == ("done", 1.0)


def test_a_clinic_is_made_whole_or_not_at_all(empty_database: Any) -> None:
    connection = empty_database.connect()
    connection.execute("CREATE TABLE visits (id int)")
    connection.commit()
    with pytest.raises(psycopg.errors.DuplicateTable):
        clinic.create(connection, recordings=10)
    assert number(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1
