"""Spark on a cluster of its own answers as DuckDB does, and so as PostgreSQL."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import petrec as api
from petrec.fingerprints import stream_findings
from petrec.lake.choice import FileEngine
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import databases


@pytest.fixture(scope="module")
def exported(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the damaged clinic, with visits, in a place whose name is odd."""
    directory = tmp_path_factory.mktemp("spark") / "an [odd] {name}"
    with databases(cluster) as make:
        api.export_tables(api.connect(make("with_visits").dsn), directory)
    return directory


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_spark_counts_lists_and_digests_as_duckdb(exported: Path, spark: Any) -> None:
    ours = api.connect_files(exported)
    theirs = api.connect_files(exported, engine=FileEngine.SPARK, spark=spark)
    counted = [api.audit(session) for session in (ours, theirs)]
    assert counted[0].kinds == counted[1].kinds
    assert counted[0].warnings == counted[1].warnings
    rows = [list(api.rows(session, "missing_ambiguous")) for session in (ours, theirs)]
    assert sorted(rows[0], key=lambda row: str(row["id"])) == sorted(
        rows[1], key=lambda row: str(row["id"])
    )
    found = []
    for session in (ours, theirs):
        with ExitStack() as opened:
            source, schema = opened.enter_context(session.source())
            findings = opened.enter_context(stream_findings(source, schema, "kind", "digest"))
            found.append(list(findings))
    assert found[0] == found[1]
    assert len(found[0]) == counted[0].findings
    assert spark.sparkContext.getConf().get("spark.master").startswith("spark://")


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_the_command_works_on_the_cluster(
    petrec: Petrec, exported: Path, spark_master: str
) -> None:
    source = ("--source", str(exported))
    made = petrec("validate", "--baseline", "known", "--update-baseline", *source)
    assert made.code == 0, made.err
    cluster = ("--engine", "spark", "--master", spark_master)
    checked = petrec("validate", "--baseline", "known", *cluster, *source)
    assert checked.code == 0, checked.err
    assert "Spark" in checked.out
