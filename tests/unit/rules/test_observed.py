"""The query of the facts joins a parent only where nothing proves that it exists."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from petrec.rules import Lists, judged
from petrec.rules.facts_sql import FactColumns
from petrec.rules.observed import observed
from petrec.schema import Proofs, Schema, TableShape, build_schema
from petrec.settings import Mapping

COLUMNS = {
    "recordings": (
        "id",
        "pet_id",
        "appointment_id",
        "visit_id",
        "petrec_has_pet",
        "petrec_strategy",
    ),
    "pets": ("id",),
    "appointments": ("id",),
    "appointment_pets": ("appointment_id", "pet_id"),
    "visits": ("id", "pet_id", "appointment_id"),
}
LINKS = Proofs(link_pets_exist=True, link_appointments_exist=True, links_unique=True)
ALL = Proofs(*[True] * len(Proofs.__dataclass_fields__))


def schema(proofs: Proofs) -> Schema:
    shapes = {name: TableShape(dict.fromkeys(each, "int")) for name, each in COLUMNS.items()}
    return replace(build_schema(Mapping(), shapes), proofs=proofs)


def sql_of(facts: FactColumns) -> str:
    return str(select(facts.source).compile(dialect=postgresql.dialect()))


def joined(proofs: Proofs, lists: Lists = Lists.EVERY) -> Counter[str]:
    query = sql_of(judged(schema(proofs), lists=lists))
    return Counter(re.findall(r"JOIN public\.(\w+)", query))


def test_parents_are_joined_once_for_recordings_and_once_for_links() -> None:
    # One pet is asked for: the recording's, or its visit's.
    assert joined(Proofs()) == {"pets": 2, "appointments": 1, "visits": 1}


def test_lists_of_recordings_that_have_a_pet_are_not_made() -> None:
    for lists in (Lists.COUNTED, Lists.LACKING, Lists.CERTAIN):
        assert "lacking.pet_id IS NULL" in sql_of(judged(schema(LINKS), lists=lists))


def test_a_count_joins_the_link_of_the_pet_that_is_asked_for() -> None:
    query = sql_of(observed(schema(LINKS), lists=Lists.COUNTED))
    assert "link.pet_id = coalesce(recordings.pet_id, visits.pet_id)" in query
    assert "DISTINCT" not in query
    assert joined(ALL, Lists.COUNTED) == {"visits": 1}
    unlisted = replace(ALL, recording_pets_listed=False)
    assert joined(unlisted, Lists.COUNTED) == {"visits": 1, "appointment_pets": 1}


def test_the_list_of_a_recording_without_a_pet_has_the_pet_of_its_visit() -> None:
    assert joined(LINKS, Lists.LACKING) == {"visits": 1, "pets": 1, "appointments": 1}


def test_a_certain_pet_is_looked_up_once_whoever_names_it() -> None:
    assert joined(Proofs(), Lists.CERTAIN) == {"visits": 1, "pets": 1, "appointments": 1}
    assert joined(ALL, Lists.CERTAIN) == {"visits": 1}


def test_links_that_may_repeat_are_joined_once() -> None:
    query = sql_of(observed(schema(Proofs()), lists=Lists.COUNTED))
    assert "SELECT DISTINCT appointment_pets.appointment_id" in query


def test_a_parent_that_is_proven_to_exist_is_not_joined() -> None:
    assert joined(ALL) == {"visits": 1}
    assert joined(Proofs(link_pets_exist=True)) == {"pets": 1, "appointments": 1, "visits": 1}
    assert joined(Proofs(recording_pets_exist=True))["pets"] == 2
    assert joined(Proofs(visit_pets_exist=True))["pets"] == 2
    assert joined(Proofs(recording_pets_exist=True, visit_pets_exist=True))["pets"] == 1
    assert joined(Proofs(recording_appointments_exist=True))["appointments"] == 0


def test_a_parent_that_a_link_vouches_for_is_not_looked_up() -> None:
    """A join on NULL reads nothing."""
    reference = (
        "CASE WHEN NOT coalesce(coalesce(recordings.pet_id, visits.pet_id) = ANY (fold.pets)"
    )
    assert reference in sql_of(judged(schema(LINKS)))
    assert reference not in sql_of(judged(schema(Proofs())))
    unlisted = r"CASE WHEN \(NOT .*fold.size.* THEN recordings.appointment_id"
    assert re.search(unlisted, sql_of(judged(schema(LINKS))))
    assert not re.search(unlisted, sql_of(judged(schema(Proofs()))))


def test_pets_are_counted_apart_only_where_links_may_repeat() -> None:
    assert "count(DISTINCT" not in sql_of(judged(schema(LINKS)))
    assert "array_agg(DISTINCT" in sql_of(judged(schema(Proofs())))


@pytest.mark.parametrize("build", [observed, judged])
def test_few_recordings_read_their_own_links_only(build: Callable[..., FactColumns]) -> None:
    one = schema(Proofs())
    assert "LATERAL" in sql_of(build(one, lists=Lists.PER_ROW))
    assert "LATERAL" not in sql_of(build(one))
    within = build(one, within=one.recordings.c.id == 1)
    assert "recordings.id = " in sql_of(within)


def test_a_column_named_like_a_fact_is_the_recordings_own() -> None:
    for facts in (observed(schema(ALL)), judged(schema(ALL))):
        own = facts.recording
        assert own.petrec_has_pet.name == "petrec_column_4"
        assert own.petrec_strategy.name == "petrec_column_5"
        assert facts.has_pet.name == "petrec_has_pet"
        assert own.id.name == "id"
