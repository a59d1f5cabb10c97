"""Clinics on a Citus cluster, equal in their rows, each laid out in its own way.

PETREC_TEST_CITUS_DSN names the coordinator, with two workers and a database for tests: its schema
petrec is dropped.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

DSN = os.environ.get("PETREC_TEST_CITUS_DSN", "")
LAYOUTS = LOCAL, SEEN, TENANT, HASHED, VISITED, COPIED = (
    "local",
    "seen",
    "tenant",
    "hashed",
    "visited",
    "copied",
)
# Layouts over several nodes, and the plain tables with the same rows.
PLAIN = {TENANT: LOCAL, HASHED: LOCAL, VISITED: SEEN, COPIED: SEEN}

TABLES = """
CREATE SCHEMA {0};
CREATE TABLE {0}.pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE {0}.appointments (id int PRIMARY KEY, pet_owner_id int,
    appointment_date timestamptz, assigned_vet_user_id int);
CREATE TABLE {0}.appointment_pets (appointment_id int, pet_id int,
    PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE {0}.recordings (id int NOT NULL, appointment_id int NOT NULL, pet_id int,
    updated_at timestamptz, created_at timestamptz, recorded_by_user_id int,
    PRIMARY KEY (id, appointment_id));
"""
# Appointment a has the pets 1 to a % 3; of four recordings one has its pet, one another
# pet, and two have none. Appointment 999 does not exist, nor does pet 99.
ROWS = """
INSERT INTO {0}.pets SELECT n, n, 'Pet ' || n FROM generate_series(1, 9) n;
INSERT INTO {0}.appointments SELECT n, n % 9, now() - make_interval(days => n % 30), n % 4
    FROM generate_series(1, 200) n;
INSERT INTO {0}.appointment_pets SELECT a, p FROM generate_series(1, 200) a
    CROSS JOIN LATERAL generate_series(1, a % 3) p;
INSERT INTO {0}.recordings (id, appointment_id, pet_id)
    SELECT n, n % 200 + 1, CASE n % 4 WHEN 0 THEN 1 WHEN 1 THEN n % 9 + 1 END
    FROM generate_series(1, 800) n;
INSERT INTO {0}.recordings (id, appointment_id, pet_id)
    VALUES (901, 999, 1), (902, 999, NULL), (903, 3, 99), (904, 999, 99);
UPDATE {0}.recordings
    SET created_at = now() - make_interval(days => id % 30), recorded_by_user_id = id % 4;
"""
VISITS = """
CREATE TABLE {0}.visits (id int PRIMARY KEY, appointment_id int, pet_id int);
ALTER TABLE {0}.recordings ADD COLUMN visit_id int;
INSERT INTO {0}.visits SELECT n, n, greatest(1, n % 3) FROM generate_series(1, 79) n;
UPDATE {0}.recordings SET visit_id = id % 50 + 1 WHERE id % 5 = 0;
UPDATE {0}.recordings SET visit_id = appointment_id WHERE id % 7 = 0 AND appointment_id < 80;
"""
KEY = (
    "ALTER TABLE {0}.appointment_pets"
    " ADD CONSTRAINT kept FOREIGN KEY (appointment_id) REFERENCES {0}.appointments"
)
SHARDED = (
    "SELECT create_reference_table('{0}.pets')",
    "SELECT create_distributed_table('{0}.appointments', 'id')",
    "SELECT create_distributed_table('{0}.appointment_pets', 'appointment_id',"
    " colocate_with => '{0}.appointments')",
    "SELECT create_distributed_table('{0}.recordings', 'appointment_id',"
    " colocate_with => '{0}.appointments')",
)
SHARED = "SELECT create_reference_table('{0}.visits')"
APART = "SELECT create_distributed_table('{0}.visits', 'id')"
STEPS = {
    LOCAL: (TABLES, ROWS, KEY),
    SEEN: (TABLES, ROWS, VISITS, KEY),
    TENANT: (TABLES, ROWS, KEY, "SELECT citus_schema_distribute('{0}')"),
    HASHED: (TABLES, ROWS, KEY, *SHARDED),
    VISITED: (TABLES, ROWS, VISITS, KEY, *SHARDED, APART),
    COPIED: (TABLES, ROWS, VISITS, KEY, *SHARDED, SHARED),
}


@dataclass(frozen=True)
class CitusClinics:
    """The clinics of a cluster: a schema for each layout, of the same name."""

    dsn: str

    def execute(self, query: str, *names: str) -> list[tuple[Any, ...]]:
        """Run a statement with names of schemas in it; returns its rows, if it has any."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            told = sql.SQL(query).format(*map(sql.Identifier, names))
            cursor = connection.execute(told)
            return cursor.fetchall() if cursor.description else []

    def build(self, layout: str) -> None:
        """Make the clinic of a layout anew."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute(f"DROP SCHEMA IF EXISTS {layout} CASCADE")
            for step in STEPS[layout]:
                connection.execute(step.format(layout))

    def recordings(self, layout: str) -> list[tuple[Any, ...]]:
        """Return the recordings of a layout, in the order of their ids."""
        return self.execute(
            "SELECT id, appointment_id, pet_id FROM {}.recordings ORDER BY id", layout
        )


@pytest.fixture(scope="module")
def citus() -> Iterator[CitusClinics]:
    """Build the clinics of all layouts; skipped without a cluster."""
    if not DSN:
        pytest.skip("PETREC_TEST_CITUS_DSN names no cluster")
    clinics = CitusClinics(DSN)
    clinics.execute("DROP SCHEMA IF EXISTS petrec CASCADE")
    for layout in LAYOUTS:
        clinics.build(layout)
    yield clinics
    for layout in (*LAYOUTS, "petrec"):
        clinics.execute("DROP SCHEMA IF EXISTS {} CASCADE", layout)
