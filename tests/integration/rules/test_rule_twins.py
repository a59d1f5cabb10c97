"""SQL and Python judge every recording alike."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, Engine, create_engine, select, text

from petrec.fingerprints import digest_of, fingerprints_query
from petrec.postgres.preflight import load_schema
from petrec.rules import KINDS, classify, judged, kind_column
from petrec.rules.census import take_census
from petrec.rules.evidence import certain
from petrec.rules.facts import Facts
from petrec.schema import Schema
from petrec.settings import Mapping
from tests.plugins.cluster import Cluster
from tests.plugins.random_clinics import Clinic, clinics

TABLES = """
CREATE TABLE pets (id int PRIMARY KEY);
CREATE TABLE appointments (id int PRIMARY KEY);
CREATE TABLE appointment_pets (appointment_id int, pet_id int);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int);
CREATE TABLE recordings (id int PRIMARY KEY, pet_id int, appointment_id int, visit_id int);
"""
KEYS = """
ALTER TABLE appointment_pets ADD PRIMARY KEY (appointment_id, pet_id);
ALTER TABLE appointment_pets ADD FOREIGN KEY (pet_id) REFERENCES pets;
ALTER TABLE appointment_pets ADD FOREIGN KEY (appointment_id) REFERENCES appointments;
"""
GUIDE = """
SELECT (SELECT count(*) FROM recordings), (SELECT count(pet_id) FROM recordings),
       (SELECT count(*) FROM recordings r LEFT JOIN
          (SELECT DISTINCT appointment_id, pet_id FROM appointment_pets) ap
          ON r.appointment_id = ap.appointment_id AND r.pet_id = ap.pet_id
        WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL)
"""
MANY = int(os.environ.get("PETREC_EXAMPLES", "150"))
thorough = settings(
    max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def engine(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with keys on the links, or without any."""
    name = f"twins_{request.param}_{os.getpid()}"
    admin = create_engine(_url(cluster, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made = create_engine(_url(cluster, name))
    with made.begin() as connection:
        connection.execute(text(TABLES + (KEYS if request.param == "with_keys" else "")))
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _url(cluster: Cluster, name: str) -> str:
    return cluster.dsn(name).replace("postgresql:", "postgresql+psycopg:")


def fill(connection: Connection, clinic: Clinic) -> None:
    rows: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "pets": (":id", [{"id": pet} for pet in clinic.pets]),
        "appointments": (":id", [{"id": found} for found in clinic.appointments]),
        "appointment_pets": (":a, :p", [{"a": a, "p": p} for a, p in clinic.links]),
        "visits": (
            ":id, :p, :a",
            [
                {"id": i, "p": v.pet_id, "a": v.appointment_id}
                for i, v in enumerate(clinic.visits, 1)
            ],
        ),
        "recordings": (
            ":id, :p, :a, :v",
            [{"id": i, "p": p, "a": a, "v": v} for i, (p, a, v) in enumerate(clinic.recordings, 1)],
        ),
    }
    for table, (values, parameters) in rows.items():
        if parameters:
            connection.execute(text(f"INSERT INTO public.{table} VALUES ({values})"), parameters)


def hold_twins_equal(engine: Engine, clinic: Clinic) -> None:
    with engine.connect() as connection:
        fill(connection, clinic)
        schema = load_schema(connection, Mapping())
        expected = [judgement(clinic.facts(recording)) for recording in clinic.recordings]
        for per_row in (False, True):
            assert judge(connection, schema, per_row=per_row) == expected
        census = take_census(connection, schema)
        for kind in KINDS:
            ids = [str(n) for n, row in enumerate(expected, 1) if row[0] == kind.id]
            assert census.count(kind=kind.id) == len(ids)
            ends = (min(ids), max(ids)) if ids else ()
            assert census.examples(kind.id) == tuple(dict.fromkeys(ends))
        first = take_census(connection, schema, schema.recordings.c.id == 1)
        assert first.count() == min(1, len(expected))
        numbers = (census.count(), census.count(has_pet=True), census.count(invalid=True))
        assert connection.execute(text(GUIDE)).one() == numbers
        marked = {tuple(row) for row in connection.execute(fingerprints_query(schema))}
        kinds = [(row[0], str(number)) for number, row in enumerate(expected, 1) if row[0] != "ok"]
        assert marked == {(kind, digest_of(kind, number), number) for kind, number in kinds}
        connection.rollback()


def judgement(facts: Facts) -> tuple[Any, ...]:
    evidence = certain(facts)
    return (
        classify(facts).id,
        sum(kind.holds(facts) for kind in KINDS),
        evidence and evidence.pet_id,
        evidence and evidence.strategy.id,
    )


def judge(connection: Connection, schema: Schema, *, per_row: bool) -> list[tuple[Any, ...]]:
    facts = judged(schema, per_row=per_row)
    held = sum((kind.sql(facts).cast(schema.recordings.c.id.type) for kind in KINDS[1:]),
               KINDS[0].sql(facts).cast(schema.recordings.c.id.type))  # fmt: skip
    query = select(kind_column(facts), held, facts.certain_pet, facts.strategy)
    rows = connection.execute(query.select_from(facts.source).order_by(facts.recording.id))
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("engine", ["without_keys"], indirect=True)
@thorough
@given(clinic=clinics())
def test_twins_agree_where_links_lead_nowhere(engine: Engine, clinic: Clinic) -> None:
    hold_twins_equal(engine, clinic)


@pytest.mark.parametrize("engine", ["without_keys", "with_keys"], indirect=True)
@thorough
@given(clinic=clinics(sound=True))
def test_twins_agree_where_links_are_sound(engine: Engine, clinic: Clinic) -> None:
    hold_twins_equal(engine, clinic)
