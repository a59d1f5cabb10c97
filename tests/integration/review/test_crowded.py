"""Cases among very many pets: the list is not read, and the person can still decide."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from petrec.features.review.cases import stream_cases
from petrec.features.review.folds import MOST_PETS_OF_AN_APPOINTMENT
from petrec.features.review.query import REVIEWED, kinds_query
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot, stream_copy
from petrec.rules import kind_by_id
from petrec.settings import Mapping, Settings
from tests.plugins.case_files import FIRST, Row, candidates, decide, read_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

# Owner 7 has pets 1 and 2, which are listed, and pet 90000, which is not.
TABLES = """
CREATE TABLE pets (id bigint PRIMARY KEY, name text, owner_id bigint);
CREATE TABLE appointments (id bigint PRIMARY KEY, pet_owner_id bigint, appointment_date date);
CREATE TABLE appointment_pets (appointment_id bigint, pet_id bigint);
CREATE TABLE visits (id bigint PRIMARY KEY, pet_id bigint, appointment_id bigint);
CREATE TABLE recordings (id bigint PRIMARY KEY, pet_id bigint, appointment_id bigint,
    visit_id bigint, created_at timestamptz DEFAULT '2025-05-05 10:00Z');
INSERT INTO pets SELECT n, 'Pet ' || n, 1000 + n FROM generate_series(3, {pets}) n;
INSERT INTO pets VALUES (1, 'Ada', 7), (2, 'Bo', 7), (90000, 'Cy', 7);
INSERT INTO appointments VALUES (1, 7, '2025-05-05'), (2, NULL, '2025-05-05'), (3, 7, '2025-05-05');
INSERT INTO appointment_pets SELECT a, n FROM generate_series(1, 2) a, generate_series(1, {pets}) n;
INSERT INTO appointment_pets VALUES (3, 1);
INSERT INTO visits VALUES (1, 40, 2), (2, 90000, 2);
INSERT INTO recordings VALUES (1, NULL, 1, NULL), (2, 41, 1, 1), (3, 41, 1, 2), (4, 90000, 1, NULL),
    (5, NULL, NULL, NULL), (6, 2, 3, NULL), (7, NULL, 2, NULL);
INSERT INTO recordings SELECT 1000 + n, n, 1, NULL FROM generate_series(3, {pets}) n;
"""
FEW = MOST_PETS_OF_AN_APPOINTMENT


def fill(connection: psycopg.Connection[Any], pets: int) -> None:
    for statement in TABLES.format(pets=pets).split(";"):
        if statement.strip():
            connection.execute(statement)


def chosen(row: Row) -> set[tuple[str, str, str | None]]:
    return {(pet, verdict, place) for _, verdict, pet, place in candidates(row)}


@pytest.fixture
def crowded(empty_database: Database) -> Database:
    with empty_database.connect() as connection:
        fill(connection, FEW + 1)
    return empty_database


def test_what_speaks_for_a_pet_is_offered_and_any_other_may_be_named(
    petrec: Petrec, crowded: Database, tmp_path: Path
) -> None:
    assert petrec("review", "export", "cases.csv", dsn=crowded.dsn).code == 0
    found = {row["recording_id"]: chosen(row) for row in read_csv(tmp_path / "cases.csv")}
    owned = {("1", "assign", "1"), ("2", "assign", "1"), ("90000", "link", "1")}
    assert found["1"] == owned
    assert ("40", "assign", "2") in found["2"]
    assert ("90000", "link", "2") in found["3"]
    assert found["4"] == owned
    assert found["5"] == set()
    assert found["6"] == {("1", "assign", "3"), ("2", "link", "3"), ("90000", "link", "3"),
                          ("2", "assign", "1"), ("2", "assign", "2")}  # fmt: skip

    def other(row: Row) -> dict[str, str]:
        return {"decision": "other", "other_pet_id": "90000", "reviewer": "Ada"}

    decided = decide(
        tmp_path / "cases.csv", lambda row: other(row) if row["recording_id"] in "57" else FIRST
    )
    applied = petrec("review", "import", str(decided), "--apply", "--yes", dsn=crowded.dsn)
    assert applied.code == 0, applied.out + applied.err
    assert crowded.execute("SELECT pet_id FROM recordings WHERE id IN (1, 5, 7) ORDER BY id") == [
        (1,), (90000,), (90000,),
    ]  # fmt: skip
    assert petrec("audit", dsn=crowded.dsn).code == 0


def test_a_list_at_its_limit_is_read_whole(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    with empty_database.connect() as connection:
        fill(connection, FEW)
        connection.execute("UPDATE recordings SET pet_id = NULL WHERE id = 1003")
    assert petrec("review", "export", "cases.csv", dsn=empty_database.dsn).code == 0
    rows = {row["recording_id"]: row for row in read_csv(tmp_path / "cases.csv")}
    assert len(candidates(rows["1"])) == 60
    assert "link" in rows["1"]["choices"]


def test_what_is_read_of_a_case_does_not_grow_with_the_pets(empty_database: Database) -> None:
    longest = []
    for pets in (FEW + 1, 10 * FEW):
        with empty_database.connect() as connection:
            for name in ("recordings", "visits", "appointment_pets", "appointments", "pets"):
                connection.execute(f"DROP TABLE IF EXISTS {name}".encode())
            fill(connection, pets)
        engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
        with read_snapshot(engine) as connection:
            schema = load_schema(connection, Mapping())
            assert len(list(stream_cases(connection, schema, REVIEWED))) == 7
            for kind in REVIEWED:
                with stream_copy(connection, kinds_query(schema, [kind_by_id(kind)])) as lines:
                    longest.append((kind, max((len(line or "") for (line,) in lines), default=0)))
        engine.dispose()
    few, many = longest[: len(REVIEWED)], longest[len(REVIEWED) :]
    assert all(many[n][1] < few[n][1] + 200 for n in range(len(REVIEWED))), longest
