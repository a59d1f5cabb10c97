"""Recordings that are asked for by id: seen as in an export, without the rest of the clinic."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.review.cases import make_case, observe, stream_cases
from petrec.features.review.query import REVIEWED, ids_query, kinds_query
from petrec.postgres.preflight import load_schema
from petrec.rules import kind_by_id
from petrec.schema import Schema
from petrec.settings import Mapping
from tests.integration.review.many import fill
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.plans import explained, nodes

HIDDEN = {"appointment_pets": "pet_id::text < 'c'", "pets": "true"}


def test_a_recording_is_seen_as_in_an_export(database: MakeDatabase) -> None:
    made, found = database("clinic"), 0
    for where in ({}, HIDDEN):
        for connection, schema in _opened(made, Mapping(where=where)):
            for kind in map(kind_by_id, REVIEWED):
                exported = connection.scalars(kinds_query(schema, [kind])).all()
                ids = [seen["key"][0] for seen in exported]
                asked = connection.scalars(ids_query(schema), {"ids": ids}).all()
                by_key = {seen["key"][0]: seen for seen in asked}
                for seen in exported:
                    alike = {name: by_key[seen["key"][0]][name] for name in seen}
                    assert _sorted(alike) == _sorted(seen)
                found += len(exported)
    assert found


def test_the_case_of_a_recording_is_that_of_the_export(database: MakeDatabase) -> None:
    made = database("clinic")
    # Whose appointments are gone, on a day that has others; and links that were made twice.
    made.execute("""
        UPDATE recordings SET appointment_id = gen_random_uuid() WHERE id IN (
            SELECT r.id FROM recordings r JOIN appointments a
                ON a.appointment_date::date = r.created_at::date AND a.id <> r.appointment_id
            WHERE r.pet_id IS NOT NULL LIMIT 20);
        ALTER TABLE appointment_pets DROP CONSTRAINT appointment_pets_pkey;
        INSERT INTO appointment_pets SELECT * FROM appointment_pets""")
    for connection, schema in _opened(made, Mapping()):
        exported = list(stream_cases(connection, schema, REVIEWED))
        assert {"dangling_appointment", "missing_ambiguous"} <= {case.kind for case in exported}
        ids = [case.recording_id for case in exported]
        observed = list(observe(connection, schema, ids))
        asked = {seen.key[0]: make_case(seen) for seen in observed}
        assert [asked[each] for each in ids] == exported
        # What the day has would weigh in the suggestions for a visit's pet, too.
        assert not any(seen.own and (seen.around or seen.same_vet) for seen in observed)


def test_one_recording_needs_no_lists_of_other_appointments(database: MakeDatabase) -> None:
    made = database("empty")
    with made.connect() as session:
        fill(session, 2000)
    for connection, schema in _opened(made, Mapping()):
        plan = explained(connection, ids_query(schema), {"ids": ["40"]})
        grouped = [node for node in nodes(plan) if node["Node Type"] == "Aggregate"]
        assert grouped
        assert all(node["Actual Rows"] * node["Actual Loops"] <= 4 for node in grouped)


def _opened(made: Database, mapping: Mapping) -> Iterator[tuple[Connection, Schema]]:
    engine = create_engine(
        made.dsn.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection, load_schema(connection, mapping)


def _sorted(value: Any) -> Any:
    """Return JSON without the order of its lists, which PostgreSQL leaves open."""
    if isinstance(value, dict):
        return {name: _sorted(each) for name, each in value.items()}
    return sorted(map(repr, map(_sorted, value))) if isinstance(value, list) else value
