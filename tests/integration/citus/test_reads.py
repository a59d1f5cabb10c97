"""Every layout of a Citus cluster has the counts and rows of plain tables."""

import csv
import io
import json

import pytest

from tests.plugins.citus import HASHED, LAYOUTS, LOCAL, SEEN, TENANT, VISITED, CitusClinics
from tests.plugins.command import Petrec

SAME = (TENANT, HASHED)


def kinds(petrec: Petrec, citus: CitusClinics, layout: str, *more: str) -> dict[str, int]:
    told = petrec("audit", "--schema", layout, "--format", "json", *more, dsn=citus.dsn)
    return {kind["id"]: kind["count"] for kind in json.loads(told.out)["kinds"]}


@pytest.mark.parametrize("layout", SAME)
def test_counts_are_those_of_plain_tables(layout: str, petrec: Petrec, citus: CitusClinics) -> None:
    assert kinds(petrec, citus, layout) == kinds(petrec, citus, LOCAL)


def test_visits_on_other_nodes_are_evidence(petrec: Petrec, citus: CitusClinics) -> None:
    counted = kinds(petrec, citus, VISITED)
    assert counted == kinds(petrec, citus, SEEN)
    assert counted["visit_conflict"] > 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_trusted_key_changes_nothing(layout: str, petrec: Petrec, citus: CitusClinics) -> None:
    assert kinds(petrec, citus, layout, "--trust-constraints") == kinds(petrec, citus, layout)


@pytest.mark.parametrize("kind", ["missing_inferable", "missing_ambiguous", "mismatched"])
@pytest.mark.parametrize("layout", SAME)
def test_rows_are_those_of_plain_tables(
    kind: str, layout: str, petrec: Petrec, citus: CitusClinics
) -> None:
    found = {}
    for schema in (layout, LOCAL):
        out = petrec("audit", "--rows", kind, "--schema", schema, dsn=citus.dsn).out
        found[schema] = sorted(row["id"] for row in csv.DictReader(io.StringIO(out)))
    assert found[layout] == found[LOCAL] != []


@pytest.mark.parametrize(("layout", "one"), [(LOCAL, True), (TENANT, True), (HASHED, False)])
def test_several_nodes_have_no_common_snapshot(
    layout: str, one: bool, petrec: Petrec, citus: CitusClinics
) -> None:
    told = json.loads(petrec("audit", "--schema", layout, "--format", "json", dsn=citus.dsn).out)
    assert told["one_snapshot"] is one
    assert any("no common snapshot" in remark for remark in told["remarks"]) is not one
