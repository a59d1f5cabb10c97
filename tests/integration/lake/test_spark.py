"""Spark on two workers answers as PostgreSQL and DuckDB do."""

import html
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings

import petrec as api
from petrec.errors import UsageError
from petrec.fingerprints import NamedFinding, stream_findings
from petrec.lake.choice import FileEngine
from petrec.operations.session import Session
from petrec.rules.census import take_census
from tests.integration.lake.test_odd_csv import write
from tests.integration.lake.test_random_clinics import hold_equal
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database, databases
from tests.plugins.known_clinics import MANY_KINDS
from tests.plugins.random_clinics import Clinic, clinics
from tests.plugins.spark import WORKERS, SparkCluster

# Java starts as many processes as there are workers, beside those of other tests.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


class Exported(NamedTuple):
    """A damaged clinic, and its files in a place whose name is odd."""

    clinic: Database
    directory: Path

    @property
    def source(self) -> tuple[str, str]:
        """Return the options that read the files."""
        return "--source", str(self.directory)


@pytest.fixture(scope="module")
def exported(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    directory = tmp_path_factory.mktemp("spark") / "an [odd] {name}"
    with databases(cluster) as make:
        clinic = make("with_visits")
        api.export_tables(api.connect(clinic.dsn), directory)
        yield Exported(clinic, directory)


def rows_of(session: Session, names: set[str]) -> list[Mapping[str, Any]]:
    """Return ambiguous recordings with the columns that files have, too, in order."""
    rows = [
        {name: str(row[name]) for name in names} for row in api.rows(session, "missing_ambiguous")
    ]
    return sorted(rows, key=lambda row: row["id"])


def findings_of(session: Session) -> list[NamedFinding]:
    with ExitStack() as opened:
        source, schema = opened.enter_context(session.source())
        return list(opened.enter_context(stream_findings(source, schema, "kind", "digest")))


NAMES = {"id", "petrec_kind", "petrec_certain_pet", "created_at"}


def ids_of(session: Session) -> list[str]:
    return [row["id"] for row in rows_of(session, NAMES)]


def test_rows_and_baselines_are_those_of_postgresql(
    exported: Exported, spark: Any, tmp_path: Path
) -> None:
    on_spark = api.connect_files(exported.directory, engine=FileEngine.SPARK, spark=spark)
    known = api.Gate(baseline=tmp_path / "known", update_baseline=True)
    made = api.validate(on_spark, known)
    on_postgres = api.connect(exported.clinic.dsn)
    for session in (on_postgres, api.connect_files(exported.directory)):
        checked = api.validate(session, api.Gate(baseline=tmp_path / "known"))
        assert {rule.id: rule.count for rule in checked.rules} == {
            rule.id: rule.count for rule in made.rules
        }
        assert checked.ratchet is not None
        assert not sum((*checked.ratchet.new.values(), *checked.ratchet.fixed.values()))
    assert ids_of(on_spark) == ids_of(on_postgres) != []
    # The caller's session is as it was.
    assert not spark.catalog.listTables()
    assert spark.conf.get("spark.sql.caseSensitive") == "false"
    assert spark.sparkContext.getConf().get("spark.master").startswith("spark://")
    assert spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == WORKERS + 1


@pytest.mark.full
def test_counts_warnings_and_digests_are_those_of_postgresql(
    exported: Exported, spark: Any
) -> None:
    on_postgres = api.connect(exported.clinic.dsn)
    wanted, findings = api.audit(on_postgres), findings_of(on_postgres)
    assert len(findings) == wanted.findings > len(ids_of(on_postgres)) > 0
    for session in (
        api.connect_files(exported.directory, engine=FileEngine.SPARK, spark=spark),
        api.connect_files(exported.directory),
    ):
        found = api.audit(session)
        assert (found.kinds, found.total) == (wanted.kinds, wanted.total)
        assert {w.id: w.count for w in found.warnings}.items() <= {
            w.id: w.count for w in wanted.warnings
        }.items()
        assert findings_of(session) == findings
        assert ids_of(session) == ids_of(on_postgres)


@pytest.mark.full
def test_two_exports_can_be_open_at_once_in_one_session(
    exported: Exported, spark: Any, tmp_path: Path
) -> None:
    write(tmp_path, {})
    first, second = (
        api.connect_files(place, engine="spark", spark=spark)
        for place in (tmp_path, exported.directory)
    )
    with first.source() as (source, schema), second.source() as (other, of_other):
        assert take_census(other, of_other, owners=False).count() > 4
        assert take_census(source, schema, owners=False).count() == 4
    with pytest.raises(UsageError, match="has a Spark session already"):
        api.audit(api.connect_files(tmp_path, engine="spark"))


@pytest.mark.full
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(clinic=clinics())
@example(clinic=MANY_KINDS)
def test_spark_judges_many_random_clinics_as_the_rules_do(spark: Any, clinic: Clinic) -> None:
    hold_equal(clinic, FileEngine.SPARK, spark)


@pytest.mark.full
def test_the_command_works_on_the_cluster(
    petrec: Petrec, exported: Exported, spark_cluster: SparkCluster
) -> None:
    made = petrec("validate", "--baseline", "known", "--update-baseline", *exported.source)
    assert made.code == 0, made.err
    cluster = ("--engine", "spark", "--master", spark_cluster.master)
    said = ("validate", "--baseline", "known", *cluster, *exported.source)
    checked = petrec(*said, **spark_cluster.environment)
    assert checked.code == 0, checked.err
    assert "Spark" in checked.out
    assert "pandas" not in checked.err


@pytest.mark.full
def test_a_command_of_the_report_lists_what_it_names(
    petrec: Petrec, exported: Exported, spark_cluster: SparkCluster, tmp_path: Path
) -> None:
    cluster = ("--engine", "spark", "--master", spark_cluster.master)
    said = ("report", "--html", "report.html", *cluster, *exported.source)
    made = petrec(*said, **spark_cluster.environment)
    assert made.code == 1, made.err
    shown = re.search("<code>petrec (audit .*)</code>", (tmp_path / "report.html").read_text())
    assert shown is not None
    listed = petrec(*shlex.split(html.unescape(shown[1])), **spark_cluster.environment)
    assert listed.code == 1, listed.err
    assert "recordings of kind" in listed.err


@pytest.mark.full
def test_a_cluster_without_room_is_named_and_can_be_left(
    exported: Exported, spark_cluster: SparkCluster, tmp_path: Path
) -> None:
    # Every worker has less than that.
    (tmp_path / "spark-defaults.conf").write_text("spark.executor.memory 64g\n")
    said = ("audit", "--engine", "spark", "--master", spark_cluster.master, *exported.source)
    settings = spark_cluster.environment | {"SPARK_CONF_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "petrec", *said], cwd=tmp_path, text=True,
        env=environment(**settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        assert any("not accepted any resources" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.endswith("petrec: interrupted\n")
