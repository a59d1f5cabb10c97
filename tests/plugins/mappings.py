"""A small clinic with several owners, appointments and pets, to be mapped, hidden and broken."""

import json
from pathlib import Path
from typing import Any

from tests.plugins.command import Petrec
from tests.plugins.databases import Database

CLINIC = """
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, appointment_date timestamptz);
CREATE TABLE appointment_pets (
    appointment_id int NOT NULL REFERENCES appointments, pet_id int NOT NULL REFERENCES pets,
    PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE visits (
    id int PRIMARY KEY, pet_id int REFERENCES pets, appointment_id int REFERENCES appointments);
CREATE TABLE recordings (
    id int PRIMARY KEY, pet_id int REFERENCES pets,
    appointment_id int REFERENCES appointments, visit_id int REFERENCES visits,
    created_at timestamptz DEFAULT '2025-09-01 10:00Z', status text DEFAULT 'uploaded');
INSERT INTO pets VALUES (1, 1, 'Rex'), (2, 1, 'Ina'), (3, 2, 'Bo'), (4, 2, 'Zoe');
INSERT INTO appointments VALUES (10, 1), (20, 2), (30, 2), (40, 1);
INSERT INTO appointment_pets VALUES (10, 1), (10, 2), (20, 3), (30, 3), (30, 4), (40, 1);
INSERT INTO visits VALUES (7, 2, 10), (8, 3, 20), (9, 4, 30);
INSERT INTO recordings VALUES
    (100, NULL, 10, NULL), (101, NULL, 10, 7), (102, NULL, 20, NULL), (103, 3, 20, 8),
    (104, NULL, 30, 9), (105, NULL, 40, NULL), (106, 4, 30, NULL), (107, 1, 20, NULL);
"""


def counts(petrec: Petrec, database: Database, *options: str) -> dict[str, int]:
    """Return the kinds that an audit counts, without those that it does not find."""
    audited = petrec("audit", "--format", "json", *options, dsn=database.dsn)
    assert audited.code in {0, 1}, audited.err
    return {kind["id"]: kind["count"] for kind in json.loads(audited.out)["kinds"] if kind["count"]}


def remarks(petrec: Petrec, database: Database, *command: str) -> list[str]:
    """Return what a command remarks on the database."""
    ended = petrec(*command, "--format", "json", dsn=database.dsn)
    assert ended.code in {0, 1}, ended.err
    found: list[str] = json.loads(ended.out)["remarks"]
    return found


def configure(directory: Path, text: str) -> None:
    """Write petrec.toml for the next command."""
    (directory / "petrec.toml").write_text(text, encoding="utf-8")


def pets_of(database: Database) -> dict[int, Any]:
    """Return the pet of each recording."""
    return dict(database.execute("SELECT id, pet_id FROM recordings ORDER BY id"))
