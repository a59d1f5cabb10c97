"""From any half-done state apply ends and rollback ends, and rollback leaves nothing behind."""

import random
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection

from petrec.features.constraints.plan import Request
from petrec.features.constraints.specs import GROUPS
from petrec.settings import Mapping
from tests.plugins.clean import digest
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import leaf, prepared
from tests.plugins.stepping import connected, drive

# The indexes of the group `api` are made as those of `indexes` are.
GROUPS_WITHOUT_TABLES = tuple(group for group in GROUPS if group not in ("visits", "api"))
TO_PETS = "FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE"
INVALIDATE = """
UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (
    SELECT indexrelid FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    WHERE relname LIKE '%%appointment_pet%%' AND NOT indisunique AND relkind = 'i'
      AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)
    ORDER BY relname LIMIT 1)
"""
# What a run that was stopped, of another version or another option, may have left.
LEFT = (
    "ALTER TABLE recordings ADD CONSTRAINT recordings_pet_id_not_null"
    " CHECK (pet_id IS NOT NULL) NOT VALID",
    "ALTER TABLE recordings ADD CONSTRAINT recordings_pet_id_not_null CHECK (pet_id IS NOT NULL)",
    "ALTER TABLE recordings ADD CONSTRAINT recordings_pet_id_not_null NOT NULL pet_id NOT VALID",
    "ALTER TABLE recordings ALTER pet_id SET NOT NULL",
    "ALTER TABLE recordings ALTER pet_id DROP NOT NULL",
    f"ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id {TO_PETS} NOT VALID",
    f"ALTER TABLE {{leaf}} ADD CONSTRAINT fk_recordings_pet_id {TO_PETS} NOT VALID",
    f"ALTER TABLE {{leaf}} ADD CONSTRAINT fk_recordings_pet_id {TO_PETS}",
    "ALTER TABLE recordings DROP CONSTRAINT fk_recordings_pet_id",
    "CREATE INDEX idx_recordings_pet_id ON ONLY recordings (pet_id)",
    "DROP INDEX idx_recordings_pet_id",
    INVALIDATE,
)


@pytest.fixture
def made(database: MakeDatabase, any_cluster: Cluster, shape: str) -> Database:
    return prepared(database(shape, any_cluster))


@pytest.fixture
def planner(made: Database) -> Iterator[Connection]:
    with connected(made) as connection:
        yield connection


def wander(made: Database, planner: Connection, wanted: Request, choose: random.Random) -> None:
    """Take some first steps forward and back, and leave something half done between them."""
    for _ in range(choose.randint(2, 5)):
        make = choose.choice([wanted.plan, wanted.plan, wanted.rollback])
        for _ in range(choose.randint(1, 8)):
            steps = make(planner).steps
            planner.rollback()
            if not steps:
                break
            made.execute(steps[0].sql)
        try:
            made.execute(choose.choice(LEFT).format(leaf=leaf(made)))
        except psycopg.Error:
            continue  # not in this version, or not in this state


@pytest.mark.few(1)
@pytest.mark.parametrize("shape", ["clinic", "partitioned"])
@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(n, marks=pytest.mark.full) for n in range(2, 30))]
)
def test_whatever_is_half_done(made: Database, planner: Connection, seed: int) -> None:
    choose = random.Random(seed)
    before, rows = digest(made), made.checksum()
    wanted = Request(Mapping(), GROUPS_WITHOUT_TABLES, "CASCADE")
    wander(made, planner, wanted, choose)
    drive(made, planner, wanted.rollback)
    assert digest(made) == before
    wander(made, planner, wanted, choose)
    drive(made, planner, wanted.plan)
    assert wanted.status(planner).is_complete
    planner.rollback()
    drive(made, planner, wanted.rollback)
    assert (digest(made), made.checksum()) == (before, rows)
