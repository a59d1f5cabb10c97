"""Databases with as many doubtful recordings as wanted, and nothing but what petrec requires."""

from typing import Any

import psycopg

BARE = """
CREATE TABLE pets (id bigint PRIMARY KEY);
CREATE TABLE appointments (id bigint PRIMARY KEY);
CREATE TABLE appointment_pets (
    appointment_id bigint REFERENCES appointments, pet_id bigint REFERENCES pets,
    PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE recordings (id bigint PRIMARY KEY, pet_id bigint, appointment_id bigint);
"""
# Every appointment has two pets and four recordings without one.
FILL = """
INSERT INTO pets SELECT generate_series(1, %(n)s / 2 + 2);
INSERT INTO appointments SELECT generate_series(1, %(n)s / 4 + 1);
INSERT INTO appointment_pets SELECT a.id, 2 * a.id - k FROM appointments a, generate_series(0, 1) k;
INSERT INTO recordings SELECT n, NULL, 1 + n / 4 FROM generate_series(1, %(n)s) n;
"""


def fill(connection: psycopg.Connection[Any], recordings: int) -> None:
    """Create the tables with that many ambiguous recordings."""
    for statement in (BARE + FILL.replace("%(n)s", str(recordings))).split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("ANALYZE")
