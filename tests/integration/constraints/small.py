"""A small schema, made within a transaction, that a seed makes odd."""

from sqlalchemy import Connection

from petrec.settings import Mapping

MAPPING = Mapping(schema="small")
_PLAIN = "CREATE TABLE recordings (id int PRIMARY KEY, {columns})"
_PARTED = """
CREATE TABLE recordings (id int PRIMARY KEY, {columns}) PARTITION BY RANGE (id);
CREATE SCHEMA cold;
CREATE TABLE recordings_a PARTITION OF recordings FOR VALUES FROM (0) TO (100);
CREATE TABLE cold.recordings_b PARTITION OF recordings FOR VALUES FROM (100) TO (200)
"""
_COLUMNS = "appointment_id int, pet_id int, status text, recorded_by_user_id int"
_OTHERS = """
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int);
CREATE TABLE appointment_pets (appointment_id int, pet_id int,
                               PRIMARY KEY (appointment_id, pet_id));
INSERT INTO pets VALUES (1, 1, 'Bella'), (2, 1, 'Milo'), (3, 2, 'Luna');
INSERT INTO appointments VALUES (10, 1), (11, 2);
INSERT INTO appointment_pets VALUES (10, 1), (10, 2), (11, 3);
"""
_ROWS = "INSERT INTO recordings VALUES (1, 10, 1), (2, 10, 2), (103, 11, 3)"


def seed(planner: Connection, sql: str = "", *, parted: bool = False) -> None:
    """Make the schema and what is odd about it; nothing of it outlives the transaction."""
    recordings = (_PARTED if parted else _PLAIN).format(columns=_COLUMNS)
    planner.exec_driver_sql("CREATE SCHEMA small; SET LOCAL search_path TO small")
    planner.exec_driver_sql(f"{recordings}; {_OTHERS} {_ROWS}; {sql}".replace("%", "%%"))
    planner.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
