"""The synthetic clinic: its damage in proportion, the same from the same seed, and valid keys."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from petrec.demo import clinic
from tests.plugins.cluster import Cluster
from tests.plugins.databases import databases
from tests.plugins.demo_queries import counts, number

RECORDINGS = 2_000
KINDS = """
WITH facts AS (
    SELECT
        r.pet_id, r.appointment_id,
        p.id IS NOT NULL AS pet_exists,
        a.id IS NOT NULL AS appointment_exists,
        ARRAY(
            SELECT ap.pet_id FROM appointment_pets ap WHERE ap.appointment_id = r.appointment_id
        ) AS listed,
        v.pet_id AS visit_pet,
        v.appointment_id AS visit_appointment
    FROM recordings r
    LEFT JOIN pets p ON p.id = r.pet_id
    LEFT JOIN appointments a ON a.id = r.appointment_id
    LEFT JOIN visits v ON v.id = r.visit_id
)
SELECT
    CASE
        WHEN pet_id IS NOT NULL AND NOT pet_exists THEN 'dangling pet'
        WHEN appointment_id IS NOT NULL AND NOT appointment_exists AND pet_id IS NULL
            THEN 'no pet, dangling appointment'
        WHEN appointment_id IS NOT NULL AND NOT appointment_exists THEN 'dangling appointment'
        WHEN appointment_id IS NOT NULL AND pet_id IS NOT NULL AND pet_id <> ALL (listed)
            THEN 'mismatched'
        WHEN visit_appointment <> appointment_id OR visit_pet <> pet_id
            OR (pet_id IS NULL AND appointment_id IS NOT NULL AND visit_pet IS NOT NULL
                AND visit_pet <> ALL (listed))
            THEN 'visit conflict'
        WHEN pet_id IS NOT NULL THEN 'sound'
        WHEN visit_pet IS NOT NULL AND appointment_id IS NULL THEN 'visit, no appointment'
        WHEN visit_pet IS NOT NULL AND cardinality(listed) > 1 THEN 'visit, several pets'
        WHEN appointment_id IS NULL THEN 'no appointment'
        WHEN cardinality(listed) = 0 THEN 'no pets'
        WHEN cardinality(listed) = 1 THEN 'single pet'
        ELSE 'ambiguous'
    END,
    count(*)
FROM facts GROUP BY 1
"""
PERCENT = {
    "sound": 62.05,
    "single pet": 20.0,
    "visit, several pets": 1.2,
    "visit, no appointment": 0.8,
    "ambiguous": 8.0,
    "no pets": 1.0,
    "no appointment": 1.0,
    "no pet, dangling appointment": 0.25,
    "dangling pet": 0.4,
    "dangling appointment": 0.1,
    "mismatched": 5.0,
    "visit conflict": 0.2,
}


@pytest.fixture(scope="module")
def generated(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a clinic of 2,000 recordings, to be read only."""
    with databases(cluster) as make:
        connection = make("empty").connect()
        clinic.create(connection, recordings=RECORDINGS, seed=1)
        connection.read_only = True
        yield connection


def test_damage_is_in_proportion(generated: psycopg.Connection[Any]) -> None:
    found = counts(generated, KINDS)
    assert sum(found.values()) == RECORDINGS
    assert found.keys() == PERCENT.keys()
    for kind, percent in PERCENT.items():
        expected = RECORDINGS * percent / 100
        assert found[kind] == pytest.approx(expected, rel=0.02, abs=3), kind


def test_shape_of_the_clinic(generated: psycopg.Connection[Any]) -> None:
    sizes = counts(
        generated,
        """SELECT least(pets, 3), count(*) FROM (
            SELECT count(ap.pet_id) AS pets FROM appointments a
            LEFT JOIN appointment_pets ap ON ap.appointment_id = a.id GROUP BY a.id
        ) AS appointment GROUP BY 1""",
    )
    assert sizes == {0: 16, 1: 1_264, 2: 240, 3: 80}
    pets_of_owners = counts(
        generated,
        "SELECT pets, count(*) FROM (SELECT count(*) AS pets FROM pets GROUP BY owner_id) AS owner"
        " GROUP BY 1",
    )
    assert pets_of_owners.keys() == {1, 2, 3}
    assert sum(pets_of_owners.values()) == number(generated, "SELECT count(*) FROM pet_owners")
    assert number(generated, "SELECT count(*) FROM pets") == pytest.approx(800, rel=0.01)


def test_mismatches_are_of_the_same_and_of_other_owners(
    generated: psycopg.Connection[Any],
) -> None:
    same = counts(
        generated,
        """SELECT p.owner_id = a.pet_owner_id, count(*) FROM recordings r
        JOIN pets p ON p.id = r.pet_id JOIN appointments a ON a.id = r.appointment_id
        WHERE NOT EXISTS (
            SELECT FROM appointment_pets ap
            WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
        ) GROUP BY 1""",
    )
    assert same == {True: pytest.approx(60, abs=3), False: pytest.approx(40, abs=3)}


def test_transcripts_name_pets(generated: psycopg.Connection[Any]) -> None:
    named = number(
        generated,
        """SELECT count(*) FROM recordings r WHERE EXISTS (
            SELECT FROM pets p WHERE strpos(r.transcript_text, p.name) > 0 AND p.name <> 'Null'
        )""",
    )
    assert named / RECORDINGS == pytest.approx(0.15, abs=0.04)
    candidates = """
        SELECT count(*) FILTER (WHERE named), count(*) FROM (
            SELECT bool_or(strpos(r.transcript_text, p.name) > 0) AS named
            FROM recordings r JOIN appointment_pets ap USING (appointment_id)
            JOIN pets p ON p.id = ap.pet_id
            WHERE r.pet_id IS NULL AND r.transcript_text ~ 'looking at|came in|limping|dental'
            GROUP BY r.id HAVING count(*) > 1
        ) AS ambiguous"""
    row = generated.execute(candidates).fetchone()
    assert row is not None
    assert row[1] > 0
    assert row[0] > row[1] / 2


def test_times_are_the_past_of_a_fixed_date(generated: psycopg.Connection[Any]) -> None:
    row = generated.execute(
        "SELECT max(created_at) - min(created_at) < interval '120 days',"
        " max(created_at) - min(created_at) > interval '118 days',"
        " corr(extract(epoch FROM created_at), (ctid::text::point)[0]) FROM recordings"
    ).fetchone()
    assert row is not None
    assert row[:2] == (True, True)
    assert row[2] > 0.99


def test_hostile_names_are_there(generated: psycopg.Connection[Any]) -> None:
    names = {name for (name,) in generated.execute("SELECT name FROM pets")}
    assert {"Zoë", "小花", "O'Malley", "=Sum", "<b>Rex</b>", "Mr. Whiskers"} <= names
    starts = number(
        generated, "SELECT count(*) FROM recordings WHERE original_filename ~ '^[=+@-]'"
    )
    assert starts > 0


def test_keys_are_valid_and_none_guards_the_damage(generated: psycopg.Connection[Any]) -> None:
    keys = generated.execute(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid), convalidated"
        " FROM pg_constraint WHERE contype = 'f'"
    ).fetchall()
    assert all(validated for _, _, validated in keys)
    definitions = {(table, definition) for table, definition, _ in keys}
    for column, parent in (("appointment_id", "appointments"), ("pet_id", "pets")):
        cascade = f"FOREIGN KEY ({column}) REFERENCES {parent}(id) ON DELETE CASCADE"
        assert ("appointment_pets", cascade) in definitions
    guarded = {definition for table, definition in definitions if table == "recordings"}
    assert not any("(pet_id)" in each or "(appointment_id)" in each for each in guarded)
    assert len(guarded) == 2


def test_rejected_requests_are_logged(generated: psycopg.Connection[Any]) -> None:
    rejected = "status_code = 400 AND error_code = 'pet_not_in_appointment'"
    assert number(generated, f"SELECT count(*) FROM api_logs WHERE {rejected}") > 0
    per_day = number(generated, "SELECT count(*) / 120 FROM api_logs")
    assert 1 <= per_day <= 20
