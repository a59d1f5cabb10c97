"""A database with several clinics, and the command for all of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.runs.targets import tenant
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases

DAMAGED, HEALTHY, LOCKED, EMPTY = "clinic_a", "clinic_b", "clinic_c", "clinic_d"
SCHEMAS = (DAMAGED, HEALTHY, LOCKED, EMPTY)
ROLE = "fleet_reader"
MAKE_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE} LOGIN;
  END IF;
END $$
"""
HEAL = f"""
DELETE FROM {HEALTHY}.recordings r WHERE r.pet_id IS NULL OR NOT EXISTS (
    SELECT FROM {HEALTHY}.appointment_pets p
    WHERE (p.appointment_id, p.pet_id) = (r.appointment_id, r.pet_id))
"""
DOWN = "postgresql://reader:s3cr3t@127.0.0.1:1/gone"


@dataclass(frozen=True)
class Fleet:
    """A database with four clinics, of which a role may read three, and the command for them."""

    database: Database
    petrec: Petrec
    directory: Path

    def run(self, *words: str, code: int, dsn: str = "") -> str:
        ended = self.petrec("fleet", *words, dsn=dsn or self.reader)
        assert ended.code == code, ended.out + ended.err
        assert "s3cr3t" not in ended.out + ended.err
        return ended.out

    def told(self, *words: str, code: int, dsn: str = "") -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("--format", "json", *words, code=code, dsn=dsn))
        assert told["exit_code"] == code
        return told

    @property
    def reader(self) -> str:
        return self.database.cluster.dsn(self.database.name, ROLE)


@pytest.fixture(scope="module")
def clinics(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with databases(cluster) as make:
        made = make("integer_ids")
        made.execute(MAKE_ROLE)
        for schema in SCHEMAS:
            tenant(made, schema, "recordings", tmp_path_factory.mktemp(schema))
        made.execute(HEAL)
        made.execute(f"TRUNCATE {EMPTY}.recordings")
        for schema in (DAMAGED, HEALTHY, EMPTY):
            made.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}")
            made.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {ROLE}")
        yield made


@pytest.fixture
def fleet(clinics: Database, petrec: Petrec, tmp_path: Path) -> Fleet:
    return Fleet(clinics, petrec, tmp_path)
