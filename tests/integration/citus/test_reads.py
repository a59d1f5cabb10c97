"""Every layout of a Citus cluster has the counts and rows of plain tables."""

import csv
import io
import json

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine

from petrec.api.database import Database
from petrec.errors import UnsupportedServerError
from petrec.settings import Mapping
from tests.plugins.citus import (
    COPIED,
    HASHED,
    LAYOUTS,
    LOCAL,
    PLAIN,
    TENANT,
    VISITED,
    CitusClinics,
)
from tests.plugins.command import Petrec


def kinds(petrec: Petrec, citus: CitusClinics, layout: str, *more: str) -> dict[str, int]:
    told = petrec("audit", "--schema", layout, "--format", "json", *more, dsn=citus.dsn)
    return {kind["id"]: kind["count"] for kind in json.loads(told.out)["kinds"]}


@pytest.mark.parametrize(("layout", "plain"), PLAIN.items())
def test_counts_are_those_of_plain_tables(
    layout: str, plain: str, petrec: Petrec, citus: CitusClinics
) -> None:
    assert kinds(petrec, citus, layout) == kinds(petrec, citus, plain)


@pytest.mark.parametrize("layout", [VISITED, COPIED])
def test_visits_on_other_nodes_are_evidence(
    layout: str, petrec: Petrec, citus: CitusClinics
) -> None:
    assert kinds(petrec, citus, layout)["visit_conflict"] > 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_trusted_key_changes_nothing(layout: str, petrec: Petrec, citus: CitusClinics) -> None:
    assert kinds(petrec, citus, layout, "--trust-constraints") == kinds(petrec, citus, layout)


@pytest.mark.parametrize("kind", ["missing_inferable", "missing_ambiguous", "mismatched"])
@pytest.mark.parametrize(("layout", "plain"), PLAIN.items())
def test_rows_are_those_of_plain_tables(
    kind: str, layout: str, plain: str, petrec: Petrec, citus: CitusClinics
) -> None:
    found = {}
    for schema in (layout, plain):
        out = petrec("audit", "--rows", kind, "--schema", schema, dsn=citus.dsn).out
        found[schema] = sorted(row["id"] for row in csv.DictReader(io.StringIO(out)))
    assert found[layout] == found[plain] != []


@pytest.mark.parametrize(("layout", "one"), [(LOCAL, True), (TENANT, True), (HASHED, False)])
def test_several_nodes_have_no_common_snapshot(
    layout: str, one: bool, petrec: Petrec, citus: CitusClinics
) -> None:
    told = json.loads(petrec("audit", "--schema", layout, "--format", "json", dsn=citus.dsn).out)
    assert told["one_snapshot"] is one
    assert any("no common snapshot" in remark for remark in told["remarks"]) is not one


def test_a_review_needs_its_visits_beside_the_recordings(
    petrec: Petrec, citus: CitusClinics
) -> None:
    done = petrec("review", "export", "cases.csv", "--schema", VISITED, dsn=citus.dsn)
    assert done.code == 2
    assert "visits and recordings on different nodes" in done.err


@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_the_api_serves_no_distributed_tables(layout: str, citus: CitusClinics) -> None:
    given = conninfo_to_dict(citus.dsn)
    engine = create_engine("postgresql+psycopg://", connect_args=given)
    with pytest.raises(UnsupportedServerError, match=f"does not serve {layout} tables"):
        Database(engine).schema(Mapping(schema=layout))
    engine.dispose()
    assert citus.execute("SELECT to_regnamespace('petrec')") == [(None,)]
