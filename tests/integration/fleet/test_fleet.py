"""One command in many targets: each is isolated, and the merged document has all of them."""

import json
import os
import signal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.runs.targets import tenant
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import MakeDatabase
from tests.plugins.fleets import DAMAGED, DOWN, EMPTY, HEALTHY, LOCKED, SCHEMAS, Fleet
from tests.plugins.waiting import until


def by_schema(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["target"].rpartition("/")[2]: each for each in told["targets"]}


@pytest.mark.few(1)
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_each_target_has_its_own_outcome_and_the_worst_is_the_exit_code(
    fleet: Fleet, jobs: str
) -> None:
    file = fleet.directory / "targets.txt"
    file.write_text(f"# two servers\n{fleet.reader}\n\n{DOWN}\n")
    words = ("--targets", str(file), "--schema", "clinic_*", "--jobs", jobs, "audit")
    told = fleet.told(*words, code=3)
    found = by_schema(told)

    assert {name: each["state"] for name, each in found.items()} == {
        DAMAGED: "findings", HEALTHY: "clean", LOCKED: "failed", EMPTY: "no rows",
        "clinic_*": "failed",
    }  # fmt: skip
    codes = [each["exit_code"] for each in told["targets"]]
    assert codes == [3, 3, 1, 5, 0]
    assert "connection refused" in found["clinic_*"]["reason"]
    assert found[LOCKED]["results"] == []
    alone = fleet.petrec("audit", "--schema", DAMAGED, "--format", "json", dsn=fleet.reader)
    expected = json.loads(alone.out)
    assert found[DAMAGED]["results"][0]["kinds"] == expected["kinds"]
    sums = {each["rule"]: each["count"] for each in told["totals"] if each["severity"] == "error"}
    assert sums == {
        kind["id"]: kind["count"]
        for kind in expected["kinds"]
        if kind["count"] and kind["severity"] == "error"
    }
    # What is unfinished can be resumed, and what is finished is not done again.
    again = by_schema(fleet.told("--resume", *words, code=3))
    assert again[DAMAGED]["seconds"] == found[DAMAGED]["seconds"]
    assert again[LOCKED]["reason"] == found[LOCKED]["reason"]


def test_a_baseline_for_each_target_lets_the_next_validation_pass(fleet: Fleet) -> None:
    readable = [word for name in (DAMAGED, HEALTHY) for word in ("--schema", name)]
    config = fleet.directory / "petrec.toml"
    config.write_text('[validate]\nbaseline = "known/{target}.txt"\n')
    assert fleet.told(*readable, "validate", "--no-baseline", code=1)["states"]["findings"] == 1
    assert fleet.told(*readable, "validate", "--update-baseline", code=0)
    assert len(list((fleet.directory / "known").iterdir())) == 2
    assert fleet.told(*readable, "--jobs", "2", "validate", code=0)["states"]["clean"] == 2
    assert not (fleet.directory / ".petrec-fleet.jsonl").exists()


def test_two_targets_never_write_one_file(fleet: Fleet) -> None:
    ended = fleet.petrec(
        "fleet", "--schema", "clinic_*", "validate", "--baseline", "known.txt", dsn=fleet.reader
    )
    assert ended.code == 2
    assert "would both write known.txt" in ended.err
    assert not (fleet.directory / "known.txt").exists()


def test_junit_has_a_suite_for_each_target(fleet: Fleet) -> None:
    out = fleet.run("--schema", "clinic_*", "--format", "junit", "audit", code=3)
    suites = {suite.get("name", "").rpartition("/")[2]: suite for suite in ET.fromstring(out)}
    assert set(suites) == set(SCHEMAS)
    assert {name: suite.get("failures") != "0" for name, suite in suites.items()} == {
        DAMAGED: True, HEALTHY: False, LOCKED: False, EMPTY: False,
    }  # fmt: skip
    assert suites[LOCKED].get("errors") == "1"
    titles = fleet.run("--schema", "clinic_*", "--format", "github", "audit", code=3)
    assert f"{LOCKED}: " in titles


def test_a_database_without_such_a_schema_is_named(fleet: Fleet) -> None:
    told = fleet.told("--schema", "ward_*", "audit", code=2)
    assert [each["state"] for each in told["targets"]] == ["failed"]
    assert "is called ward_*" in told["targets"][0]["reason"]


def test_targets_come_from_a_query(fleet: Fleet) -> None:
    query = "SELECT nspname AS schema FROM pg_namespace WHERE nspname LIKE 'clinic%b'"
    told = fleet.told("--query", query, "audit", code=0)
    assert list(by_schema(told)) == [HEALTHY]
    databases_too = "SELECT current_database() AS dbname"
    both = fleet.told("--query", databases_too, "--schema", HEALTHY, "audit", code=0)
    assert list(by_schema(both)) == [HEALTHY]
    ended = fleet.petrec("fleet", "--query", "SELECT 1 AS one", "audit", dsn=fleet.reader)
    assert (ended.code, "has a column 'one'" in ended.err) == (2, True)


def test_trouble_in_a_canary_starts_no_other_target(fleet: Fleet) -> None:
    query = f"SELECT * FROM (VALUES ('{LOCKED}'), ('{HEALTHY}')) AS found (schema)"
    told = fleet.told("--query", query, "--canary", "1", "audit", code=3)
    assert {name: each["state"] for name, each in by_schema(told).items()} == {
        LOCKED: "failed", HEALTHY: "not started",
    }  # fmt: skip


SESSIONS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'petrec%'
"""
BUSY = """
SELECT count(*) = 2 AND (SELECT sum(changed) FROM petrec.runs) > {} + 20
FROM petrec.runs WHERE state = 'running'
"""
# Rows that take long leave the processors to others.
SLOW_ROWS = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END';
CREATE TRIGGER slow AFTER UPDATE ON north.recordings FOR EACH ROW EXECUTE FUNCTION slow();
CREATE TRIGGER slow AFTER UPDATE ON south.recordings FOR EACH ROW EXECUTE FUNCTION slow()
"""
JOBS = ("--schema", "north", "--schema", "south", "--jobs", "2")
BACKFILL = ("backfill", "--apply", "--yes")
PETS = (
    "SELECT md5(string_agg(id || ':' || coalesce(pet_id, 0), ',' ORDER BY id)) FROM {}.recordings"
)


@pytest.mark.long
def test_a_killed_fleet_is_resumed_in_every_target(
    database: MakeDatabase, petrec: Petrec, spawn: Spawn, tmp_path: Path
) -> None:
    made = database("integer_ids")
    for schema in ("north", "south", "whole"):
        tenant(made, schema, "recordings", tmp_path)
    assert petrec("fleet", "--schema", "whole", *BACKFILL, dsn=made.dsn).code == 0
    made.execute(SLOW_ROWS)
    for end in (signal.SIGINT, signal.SIGKILL):
        before = made.execute("SELECT sum(changed) FROM petrec.runs")[0][0]
        started = spawn("fleet", "--resume", *JOBS, *BACKFILL, dsn=made.dsn)
        until(lambda busy: made.execute(busy)[0][0], BUSY.format(before))
        os.kill(started.pid, end)
        assert started.wait() == (130 if end == signal.SIGINT else -end)
        until(lambda: not made.execute(SESSIONS))
    assert made.execute("SELECT count(*) FROM petrec.runs WHERE state = 'done'") == [(1,)]

    refused = petrec("fleet", "--resume", *JOBS, "audit", dsn=made.dsn)
    assert (refused.code, "another command" in refused.err) == (2, True)
    made.execute("DROP FUNCTION slow CASCADE")
    ended = petrec("fleet", "--resume", *JOBS, *BACKFILL, dsn=made.dsn)
    assert ended.code == 0, ended.out
    digests = {made.execute(PETS.format(schema))[0][0] for schema in ("north", "south", "whole")}
    assert len(digests) == 1
    assert made.execute("SELECT count(*) FROM petrec.runs") == [(3,)]


def check_metrics(path: Path, total: Any) -> None:
    families = list(text_string_to_metric_families(path.read_text()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert all(family.documentation and family.type == "gauge" for family in families)
    values = {
        family.name: {
            each.labels["target"].rpartition("/")[2]: each.value for each in family.samples
        }
        for family in families
    }
    assert values["petrec_up"] == {DAMAGED: 1, HEALTHY: 1, EMPTY: 1, LOCKED: 0}
    # A series of a target that failed is the one of its successes.
    for name in ("petrec_up", "petrec_last_run_timestamp_seconds"):
        labels = [
            each.labels for family in families if family.name == name for each in family.samples
        ]
        assert {each["table"] for each in labels} == {f"{name}.recordings" for name in SCHEMAS}
        assert len({each["database"] for each in labels}) == 1
    recordings = values["petrec_recordings"]
    assert (recordings[DAMAGED], recordings[EMPTY], recordings[LOCKED]) == (total[0][0], 0, 7)
    assert set(values["petrec_last_success_timestamp_seconds"]) == {DAMAGED, HEALTHY, EMPTY}
    assert path.stat().st_mode & 0o777 == 0o644


def test_metrics_of_a_command_without_any_are_refused(fleet: Fleet) -> None:
    words = ("--schema", "clinic_*", "--prometheus", "all.prom", "audit")
    ended = fleet.petrec("fleet", *words, dsn=fleet.reader)
    assert (ended.code, "audit has no metrics" in ended.err) == (2, True)


def test_a_page_of_all_targets_leads_to_the_page_of_each(fleet: Fleet) -> None:
    schemas = [word for name in SCHEMAS for word in ("--schema", name)]
    report = ("report", "--no-history", "--html", "pages/{schema}.html")
    metrics = fleet.directory / "all.prom"
    # Of a target that fails now, what an earlier day has written stays, and it is down.
    known = f'target="127.0.0.1:{fleet.database.cluster.port}/{fleet.database.name}/{LOCKED}"'
    metrics.write_text(f'petrec_recordings{{{known},table="r"}} 7\n')
    fleet.run(*schemas, "--html", "all.html", "--prometheus", "all.prom", *report, code=3)
    check_metrics(metrics, fleet.database.execute(f"SELECT count(*) FROM {DAMAGED}.recordings"))
    page = (fleet.directory / "all.html").read_text()
    for schema in (DAMAGED, HEALTHY, EMPTY):
        assert page.count(f'href="pages/{schema}.html"') == 1
        assert (fleet.directory / "pages" / f"{schema}.html").is_file()
    assert f"pages/{LOCKED}.html" not in page
    assert page.index(LOCKED) < page.index(DAMAGED) < page.index(HEALTHY)
    found = fleet.database.execute(f"SELECT count(*) FROM {DAMAGED}.recordings")[0][0]
    assert f'</td><td class="n">{found:,}</td>' in page
