"""SQL and Python judge every recording alike."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis.strategies import booleans
from sqlalchemy import ColumnElement, Connection, Engine, create_engine, select, text

from petrec.fingerprints import digest_of, fingerprints_query
from petrec.postgres.preflight import load_schema
from petrec.rules import KINDS, Lists, classify, judged, kind_column
from petrec.rules.agreement import may_link
from petrec.rules.census import take_census
from petrec.rules.evidence import certain
from petrec.rules.facts import Facts
from petrec.schema import Schema
from tests.plugins.cluster import Cluster
from tests.plugins.known_clinics import MANY_KINDS, SOUND_KINDS, TRUSTED_KINDS
from tests.plugins.random_clinics import Clinic, Keys, clinics, fill

TABLES = """
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, counts boolean);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, counts boolean);
CREATE TABLE appointment_pets (appointment_id int, pet_id int, counts boolean);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, counts boolean);
CREATE TABLE recordings
  (id int PRIMARY KEY, pet_id int, appointment_id int, visit_id int, counts boolean);
"""
LINKS = """
ALTER TABLE appointment_pets ADD FOREIGN KEY (pet_id) REFERENCES pets;
ALTER TABLE appointment_pets ADD FOREIGN KEY (appointment_id) REFERENCES appointments;
"""
OTHERS = """
ALTER TABLE visits ADD FOREIGN KEY (pet_id) REFERENCES pets;
ALTER TABLE visits ADD FOREIGN KEY (appointment_id) REFERENCES appointments;
ALTER TABLE recordings ADD FOREIGN KEY (pet_id) REFERENCES pets;
ALTER TABLE recordings ADD FOREIGN KEY (appointment_id) REFERENCES appointments;
ALTER TABLE recordings ADD FOREIGN KEY (visit_id) REFERENCES visits;
"""
MEMBERS = """
ALTER TABLE recordings ADD FOREIGN KEY (appointment_id, pet_id) REFERENCES appointment_pets;
"""
UNIQUE = "ALTER TABLE appointment_pets ADD PRIMARY KEY (appointment_id, pet_id);"
NOT_VALID = (LINKS + OTHERS).replace(";", " NOT VALID;")
GUIDE = """
WITH counted AS (SELECT * FROM recordings WHERE counts)
SELECT (SELECT count(*) FROM counted), (SELECT count(pet_id) FROM counted),
       (SELECT count(*) FROM counted r LEFT JOIN
          (SELECT DISTINCT appointment_id, pet_id FROM appointment_pets WHERE counts) ap
          ON r.appointment_id = ap.appointment_id AND r.pet_id = ap.pet_id
        WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL)
"""
# Sessions write rows that break the keys.
BROKEN = "ALTER DATABASE {name} SET session_replication_role = replica;"
MANY = int(os.environ.get("PETREC_EXAMPLES", "6"))
thorough = settings(
    max_examples=MANY,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def engine(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with these keys."""
    name = f"twins_{os.getpid()}"
    admin = create_engine(_url(cluster, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made = create_engine(_url(cluster, name))
    with made.begin() as connection:
        connection.execute(text(TABLES + request.param.format(name=name)))
    # A new session has the database's settings.
    made.dispose()
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _url(cluster: Cluster, name: str) -> str:
    return cluster.dsn(name).replace("postgresql:", "postgresql+psycopg:")


def hold_twins_equal(engine: Engine, clinic: Clinic, *, trusted: bool) -> None:
    with engine.connect() as connection:
        fill(connection, clinic)
        schema = load_schema(connection, clinic.mapping, trusted=trusted)
        expected = [judgement(clinic.facts(recording)) for recording in clinic.recordings]
        for lists in (Lists.EVERY, Lists.PER_ROW):
            assert judge(connection, schema, lists) == expected
        without_pet = schema.recordings.c.pet_id.is_(None)
        lacking = [
            row for (pet, *_), row in zip(clinic.recordings, expected, strict=True) if pet is None
        ]
        assert judge(connection, schema, Lists.LACKING, without_pet) == lacking
        certain = [row[2:] for row in judge(connection, schema, Lists.CERTAIN, without_pet)]
        assert certain == [row[2:] for row in lacking]
        census = take_census(connection, schema, owners=True)
        for kind in KINDS:
            ids = [str(n) for n, row in enumerate(expected, 1) if row[0] == kind.id]
            assert census.count(kind=kind.id) == len(ids)
            ends = (min(ids), max(ids)) if ids else ()
            assert not kind.is_finding or census.examples(kind.id) == tuple(dict.fromkeys(ends))
        one = judged(schema, within=schema.recordings.c.id == 1)
        assert len(connection.execute(select(one.recording.id)).all()) == min(1, len(expected))
        first = take_census(connection, schema, schema.recordings.c.id == 1)
        assert first.count() == min(1, len(expected))
        numbers = (census.count(), census.count(has_pet=True), census.count(invalid=True))
        assert connection.execute(text(GUIDE)).one() == numbers
        marked = {tuple(row) for row in connection.execute(fingerprints_query(schema))}
        kinds = [(row[0], str(number)) for number, row in enumerate(expected, 1) if row[0] != "ok"]
        assert marked == {(kind, digest_of(kind, number), number) for kind, number in kinds}
        differing = [
            str(number)
            for number, recording in enumerate(clinic.recordings, 1)
            if owner_differs(clinic, *recording[:2])
        ]
        assert census.count(owner_differs=True) == len(differing)
        ends = (min(differing), max(differing)) if differing else ()
        assert census.examples(owner_differs=True) == tuple(dict.fromkeys(ends))
        connection.rollback()


def owner_differs(clinic: Clinic, pet: int | None, place: int | None) -> bool:
    """Return whether pet and appointment count, and belong to two people."""
    if pet not in clinic.pets or place not in clinic.appointments:
        return False
    return not may_link(clinic.pet_owners.get(pet), clinic.place_owners.get(place))


def judgement(facts: Facts) -> tuple[Any, ...]:
    evidence = certain(facts)
    return (
        classify(facts).id,
        sum(kind.holds(facts) for kind in KINDS),
        evidence and evidence.pet_id,
        evidence and evidence.strategy.id,
    )


def judge(
    connection: Connection,
    schema: Schema,
    lists: Lists,
    within: ColumnElement[bool] | None = None,
) -> list[tuple[Any, ...]]:
    facts = judged(schema, lists=lists, within=within)
    held = sum((kind.sql(facts).cast(schema.recordings.c.id.type) for kind in KINDS[1:]),
               KINDS[0].sql(facts).cast(schema.recordings.c.id.type))  # fmt: skip
    query = select(kind_column(facts), held, facts.certain_pet, facts.strategy)
    rows = connection.execute(query.select_from(facts.source).order_by(facts.recording.id))
    return [tuple(row) for row in rows]


@pytest.mark.long
@pytest.mark.parametrize(
    "engine", ["", NOT_VALID + BROKEN], indirect=True, ids=["none", "not valid"]
)
@thorough
@given(clinic=clinics(), trusted=booleans())
@example(clinic=MANY_KINDS, trusted=True)
def test_twins_agree_where_nothing_is_known(engine: Engine, clinic: Clinic, trusted: bool) -> None:
    hold_twins_equal(engine, clinic, trusted=trusted)


@pytest.mark.parametrize("engine", [LINKS + OTHERS + BROKEN], indirect=True, ids=["broken"])
@thorough
@given(clinic=clinics())
@example(clinic=MANY_KINDS)
def test_twins_agree_where_rows_break_valid_keys(engine: Engine, clinic: Clinic) -> None:
    hold_twins_equal(engine, clinic, trusted=False)


@pytest.mark.parametrize("engine", [LINKS + UNIQUE], indirect=True, ids=["links"])
@thorough
@given(clinic=clinics(keys=Keys.LINKS), trusted=booleans())
@example(clinic=SOUND_KINDS, trusted=True)
@example(clinic=TRUSTED_KINDS, trusted=True)
def test_twins_agree_where_links_are_sound(engine: Engine, clinic: Clinic, trusted: bool) -> None:
    hold_twins_equal(engine, clinic, trusted=trusted)


@pytest.mark.parametrize("engine", [LINKS + UNIQUE + OTHERS], indirect=True, ids=["all"])
@thorough
@given(clinic=clinics(keys=Keys.ALL), trusted=booleans())
@example(clinic=SOUND_KINDS, trusted=True)
@example(clinic=TRUSTED_KINDS, trusted=True)
def test_twins_agree_where_all_keys_hold(engine: Engine, clinic: Clinic, trusted: bool) -> None:
    hold_twins_equal(engine, clinic, trusted=trusted)


@pytest.mark.parametrize("engine", [LINKS + UNIQUE + OTHERS + MEMBERS], indirect=True, ids=["all"])
@thorough
@given(clinic=clinics(keys=Keys.MEMBERS), trusted=booleans())
def test_twins_agree_where_every_pet_is_listed(
    engine: Engine, clinic: Clinic, trusted: bool
) -> None:
    hold_twins_equal(engine, clinic, trusted=trusted)
