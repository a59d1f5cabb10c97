"""A table is its OID, and what others made is theirs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from petrec.features.constraints.plan import Request
from petrec.features.constraints.state import Presence
from petrec.settings import Mapping
from tests.plugins.clean import digest
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import leaf, prepared
from tests.plugins.stepping import connected, drive

ELSEWHERE = """
CREATE SCHEMA archive;
CREATE TABLE archive.{table} AS SELECT * FROM public.{table};
ALTER TABLE archive.{table} ADD PRIMARY KEY ({columns})
"""
KEYS = {
    "fk_recordings_pet_id": ("pets", "id", "pet_id", "ON DELETE CASCADE"),
    "fk_recordings_appointment_id": ("appointments", "id", "appointment_id", ""),
    "fk_recordings_membership": (
        "appointment_pets", "appointment_id, pet_id", "appointment_id, pet_id", "",
    ),
}  # fmt: skip
ADD = "ALTER TABLE {of} ADD CONSTRAINT {name} FOREIGN KEY ({own}) REFERENCES archive.{table} {rest}"
KEPT = "idx_recordings_pet_id"
LATER = """
CREATE TABLE later PARTITION OF recordings FOR VALUES FROM ('1970-01-01') TO ('1971-01-01')
"""
ALL = ("required", "indexes", "membership", "appointment-fk")
ONLY_PARTITIONED = pytest.mark.parametrize("made", ["partitioned"], indirect=True)
NAMING_NOT_NULL = 18


@pytest.fixture(params=["clinic", "partitioned"])
def made(request: pytest.FixtureRequest, database: MakeDatabase, any_cluster: Cluster) -> Database:
    return prepared(database(request.param, any_cluster))


@pytest.fixture
def planner(made: Database) -> Iterator[Connection]:
    with connected(made) as connection:
        yield connection


def presence(planner: Connection, name: str) -> Presence:
    objects = Request(Mapping(), ALL, "CASCADE").status(planner).objects
    planner.rollback()
    return next(each.presence for each in objects if each.name == name)


@pytest.mark.few(3)
@pytest.mark.parametrize("name", KEYS)
def test_a_key_to_a_table_of_the_same_name_elsewhere(
    made: Database, planner: Connection, name: str
) -> None:
    table, columns, own, rest = KEYS[name]
    made.execute(ELSEWHERE.format(table=table, columns=columns))
    add = ADD.format(of="recordings", name="{name}", own=own, table=table, rest=rest)
    made.execute(add.format(name="mine"))
    assert presence(planner, name) is Presence.MISSING
    made.execute(add.format(name=name))
    assert presence(planner, name) is Presence.IN_THE_WAY
    before = digest(made)
    drive(made, planner, Request(Mapping(), ALL, "CASCADE").rollback)
    assert digest(made) == before


@ONLY_PARTITIONED
def test_a_partitions_key_to_a_table_elsewhere_is_not_taken_over(
    made: Database, planner: Connection
) -> None:
    made.execute(ELSEWHERE.format(table="pets", columns="id"))
    part = leaf(made)
    add = ADD.format(of=part, name="mine", own="pet_id", table="pets", rest="ON DELETE CASCADE")
    made.execute(add)
    wanted = Request(Mapping(), ("required",), "CASCADE")
    drive(made, planner, wanted.plan)
    to_pets = f"SELECT count(*) FROM pg_constraint WHERE conrelid = '{part}'::regclass"
    to_pets += " AND confrelid = 'public.pets'::regclass AND convalidated"
    assert made.execute(to_pets) == [(1,)]


@pytest.mark.few(1)
@ONLY_PARTITIONED
@pytest.mark.parametrize("given", ["mine", ""])
def test_what_a_partition_had_of_its_own_stays(
    made: Database, planner: Connection, given: str
) -> None:
    """A name that the server chose is nobody's mark: later partitions get such ones, too."""
    part, wanted = leaf(made), Request(Mapping(), ("indexes",), "CASCADE")
    made.execute(f"CREATE INDEX {given} ON {part} (pet_id)")
    name, before = given or f"{part}_pet_id_idx", digest(made)
    drive(made, planner, wanted.rollback)
    assert digest(made) == before
    drive(made, planner, wanted.plan)
    made.execute(LATER)
    notes = wanted.rollback(planner).notes
    planner.rollback()
    assert [note.split()[0] for note in notes if f"public.{name}" in note] == [KEPT], notes
    assert not [note for note in notes if "later" in note]
    drive(made, planner, wanted.rollback)
    left = """SELECT indexrelid::regclass::text FROM pg_index
              WHERE indrelid = 'recordings'::regclass AND NOT indisunique"""
    assert made.execute(left) == [(KEPT,)]
    assert made.execute(f"SELECT FROM pg_class WHERE relname = '{name}'") == [()]


@pytest.mark.parametrize("any_cluster", [NAMING_NOT_NULL], indirect=True)
def test_a_not_null_of_the_host_survives_a_rollback(planner: Connection, made: Database) -> None:
    """From version 18 on it has a name, which says whose it is."""
    made.execute(f"ALTER TABLE {made.recordings} ADD CONSTRAINT by_host NOT NULL pet_id")
    wanted = Request(Mapping(), ("required",), "CASCADE")
    drive(made, planner, wanted.plan)
    notes = wanted.rollback(planner).notes
    assert any("petrec did not make it; its name is by_host" in note for note in notes)
    drive(made, planner, wanted.rollback)
    assert made.execute("SELECT FROM pg_constraint WHERE conname = 'by_host' AND conislocal")


@pytest.mark.parametrize("any_cluster", [NAMING_NOT_NULL], indirect=True)
def test_a_not_null_that_the_server_has_numbered_is_petrecs(
    planner: Connection, made: Database
) -> None:
    """A run of an older server was stopped, and its check has the name that NOT NULL would get."""
    before = digest(made)
    name = "recordings_pet_id_not_null"
    made.execute(f"ALTER TABLE {made.recordings} ADD CONSTRAINT {name} CHECK (pet_id IS NOT NULL)")
    wanted = Request(Mapping(), ("required",), "CASCADE")
    drive(made, planner, wanted.plan)
    numbered = (
        f"SELECT FROM pg_constraint WHERE conname = '{name}1' AND contype = 'n' AND conislocal"
    )
    assert made.execute(numbered) == [()]
    assert wanted.rollback(planner).notes == ()
    drive(made, planner, wanted.rollback)
    assert digest(made) == before
