"""What the write judges under lock is what the rules say of the recording as it would be."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import Connection, Engine, Select, create_engine, insert, text

from petrec.features.review.candidates import options
from petrec.features.review.case import Verdict
from petrec.features.review.cases import observe
from petrec.features.review.observed import Observed
from petrec.features.review.work import ReviewWork
from petrec.features.runs.batches.items import numbers_of
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.tables import decisions
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.postgres.preflight import load_schema
from petrec.rules import classify
from petrec.rules.agreement import may_link
from tests.integration.rules.test_rule_twins import TABLES, _url
from tests.plugins.cluster import Cluster
from tests.plugins.known_clinics import MANY_KINDS
from tests.plugins.random_clinics import Clinic, Rows, Visit, clinics, fill

MANY = int(os.environ.get("PETREC_EXAMPLES", "6"))
NOW = datetime(2025, 1, 1, tzinfo=UTC)
TARGET = Target("recordings", ("id",), "pet_id", also=("appointment_id",), links=True)
RUN = Run(1, Action.REVIEW, RunState.RUNNING, TARGET, NOW, NOW)
# Every pet and appointment that may exist, one that never does, and none.
CHOICES = [
    (verdict, pet, place)
    for verdict in (Verdict.ASSIGN, Verdict.LINK)
    for pet in (1, 2, 3, 9)
    for place in (None, 1, 2, 3, 9)
    if not (verdict is Verdict.LINK and place is None)
]
# Pet 3 would be added to the appointments of its owner, or as the visits say: but there are links,
# which the condition excludes.
EXCLUDED_LINKS = Clinic(
    pets=[1, 3],
    appointments=[1, 2],
    links=[],
    visits=[Visit(3, 1), Visit(3, 2)],
    recordings=[(None, 1, None), (3, 1, None), (None, 1, 1), (None, None, 1), (None, None, 2)],
    hidden=Rows(links=[(1, 3), (2, 3)]),
    conditions=frozenset({"appointment_pets"}),
    pet_owners={1: 7, 3: 8},
    place_owners={1: 8, 2: 8},
)


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Iterator[Engine]:
    admin = create_engine(_url(cluster, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE outcomes"))
    made = create_engine(_url(cluster, "outcomes"))
    with made.begin() as connection:
        connection.execute(text(TABLES))
    install_journal(made)
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE outcomes WITH (FORCE)"))
    admin.dispose()


def judged_by_sql(connection: Connection, guard: Select[Any], seen: Observed) -> list[bool]:
    """Record every choice about a recording, and ask the write's guard about each."""
    common = {"run_id": 1, "row_key": list(seen.key), "kind": seen.kind, "state": seen.state,
              "reviewer": "", "note": "", "source": ""}  # fmt: skip
    rows = [
        common | {"seq": seq, "verdict": verdict, "pet_id": str(pet),
                  "appointment_id": None if place is None else str(place)}
        for seq, (verdict, pet, place) in enumerate(CHOICES)
    ]  # fmt: skip
    connection.execute(decisions.delete())
    connection.execute(insert(decisions), rows)
    found = connection.execute(guard, numbers_of(range(len(CHOICES)))).all()
    return [row.applies for row in sorted(found)]


def judged_by_rules(clinic: Clinic, visit: int | None) -> list[bool]:
    expected = []
    for verdict, pet, place in CHOICES:
        facts = clinic.facts((pet, place, visit))
        # A hidden row is in the way of the same link.
        if verdict is Verdict.LINK and (place, pet) not in clinic.hidden.links:
            added = frozenset({pet})
            facts = replace(facts, linked=facts.linked | added, known=facts.known | added)
        may = verdict is not Verdict.LINK or may_link(
            clinic.pet_owners.get(pet), clinic.place_owners.get(place)
        )
        expected.append(may and classify(facts).id == "ok")
    return expected


@pytest.mark.long
@settings(
    max_examples=MANY,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(clinic=clinics())
@example(clinic=MANY_KINDS)
@example(clinic=EXCLUDED_LINKS)
def test_sql_and_python_foresee_the_same_outcomes(engine: Engine, clinic: Clinic) -> None:
    with engine.connect() as connection:
        fill(connection, clinic)
        ids = [str(number) for number in range(1, len(clinic.recordings) + 1)]
        schema = load_schema(connection, clinic.mapping)
        guard = ReviewWork(schema).guarded_rows(RUN)
        for seen in list(observe(connection, schema, ids)):
            visit = clinic.recordings[int(seen.recording_id) - 1][2]
            expected = judged_by_rules(clinic, visit)
            assert judged_by_sql(connection, guard, seen) == expected
            holds = dict(zip(CHOICES, expected, strict=True))
            for option in options(seen):
                place = None if option.appointment is None else int(option.appointment)
                assert holds[option.verdict, int(option.pet.id), place]
        connection.rollback()
