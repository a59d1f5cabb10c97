"""The gate in a pipeline: limits, windows, formats, silence."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Completed
from tests.plugins.templates import DATA

OFF = """[validate.rules]
missing_inferable = "off"
missing_ambiguous = { error_if = "> 8%" }
missing_no_pets = { warn_if = ">= 20" }
missing_no_appointment = { error_if = ">= 1.01%" }
missing_dangling_appointment = { error_if = "> 5" }
dangling_pet = { warn_if = "> 8", error_if = "> 1%" }
mismatched = { warn_if = "> 4%", error_if = "> 5%" }
owner_differs = { warn_if = "> 20" }
"""


@pytest.fixture
def lenient(tmp_path: Path) -> Path:
    """Limits that the clinic's damage just keeps."""
    file = tmp_path / "petrec.toml"
    file.write_text(OFF)
    return file


def levels(ended: Completed) -> dict[str, str]:
    return {rule["id"]: rule["level"] for rule in json.loads(ended.out)["rules"]}


def test_limits_decide_the_level_of_each_rule(
    petrec: Petrec, clinic: Database, lenient: Path
) -> None:
    ended = petrec("validate", "--format", "json", dsn=clinic.dsn)
    assert ended.code == 0
    found = levels(ended)
    assert found.pop("missing_inferable") == found.pop("evidence_overtaken") == "off"
    assert {rule for rule, level in found.items() if level != "ok"} == {
        "missing_no_pets", "mismatched",
    }  # fmt: skip
    assert petrec("validate", "--fail-level", "warning", dsn=clinic.dsn).code == 1
    lenient.write_text(OFF.replace('"> 8%"', '"> 7.99%"'))
    assert petrec("validate", dsn=clinic.dsn).code == 1
    assert petrec("validate", "--fail-level", "never", dsn=clinic.dsn).code == 0


def test_quiet_is_silent_when_clean(petrec: Petrec, clinic: Database, lenient: Path) -> None:
    warned = petrec("validate", "-q", dsn=clinic.dsn)
    assert (warned.code, "2 warnings" in warned.out) == (0, True)
    lenient.write_text(OFF.replace('">= 20"', '"> 20"').replace('"> 4%"', '"> 5%"'))
    for form in ("table", "github"):
        ended = petrec("validate", "-q", "--format", form, dsn=clinic.dsn)
        assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[validate.rules]\nmismatch = 'off'", "mismatched"),
        ("[validate.rules]\nmismatched = { error_if = '5' }", "> 0.5%"),
        ("[validate.rules]\nmismatched = { fail_if = '> 5' }", "fail_if"),
        ("[validate.rules]\nmismatched = {}", '"off"'),
        ("[validate]\nbasline = 'x'", "basline"),
    ],
)
def test_settings_are_strict(
    petrec: Petrec, clinic: Database, tmp_path: Path, text: str, word: str
) -> None:
    (tmp_path / "petrec.toml").write_text(text)
    ended = petrec("validate", dsn=clinic.dsn)
    assert (ended.code, ended.out) == (2, "")
    assert word in ended.err


def test_no_rows_names_no_recording(petrec: Petrec, clinic: Database) -> None:
    ids = [row[0] for row in clinic.execute("SELECT id::text FROM recordings")]
    for form in ("table", "json"):
        told = petrec("validate", "--format", form, dsn=clinic.dsn).out
        assert any(each in told for each in ids)
        silent = petrec("validate", "--no-rows", "--format", form, dsn=clinic.dsn).out
        assert not any(each in silent for each in ids)


def test_a_window_is_a_partial_answer(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("UPDATE recordings SET created_at = now() - interval '3 days'")
    newest = """UPDATE recordings SET created_at = now() - interval '1 hour'
                WHERE id IN (SELECT id FROM recordings WHERE appointment_id IS NULL
                             AND pet_id IS NULL ORDER BY id LIMIT 7)"""
    clinic.execute(newest)
    ended = petrec("validate", "--since", "24h", "--format", "json", dsn=clinic.dsn)
    found = json.loads(ended.out)
    assert (ended.code, found["total"]) == (1, 7)
    assert {r["id"]: r["count"] for r in found["rules"] if r["count"]} == {
        "missing_no_appointment": 7
    }
    for form in ("table", "junit"):
        ended = petrec("validate", "--since", "24h", "--format", form, dsn=clinic.dsn)
        assert "PARTIAL, since 2" in ended.out
    assert petrec("validate", "--since", "30m", dsn=clinic.dsn).code == 5
    start = clinic.execute("SELECT (now() - interval '3.5 days')::text")[0][0]
    ended = petrec("validate", "--since", start, "--format", "json", dsn=clinic.dsn)
    assert json.loads(ended.out)["total"] == 2000
    assert petrec("validate", "--since", "lately", dsn=clinic.dsn).code == 2
    assert petrec("validate", "--since", "2999-01-01", dsn=clinic.dsn).code == 2
    clinic.execute("ALTER TABLE recordings DROP created_at")
    assert petrec("validate", "--since", "1d", dsn=clinic.dsn).code == 2


@pytest.mark.parametrize("shape", ["renamed", "partitioned", "integer_ids"])
def test_a_baseline_knows_the_findings_of_every_shape(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    if shape == "renamed":
        source = DATA / "shapes" / "renamed.toml"
        (tmp_path / "petrec.toml").write_text(source.read_text())
    dsn = database(shape).dsn
    command = ("validate", "--baseline", "b.txt", "--format", "json")
    assert petrec(*command, "--update-baseline", dsn=dsn).code == 0
    ended = petrec(*command, dsn=dsn)
    assert (ended.code, sum(json.loads(ended.out)["ratchet"]["known"].values())) == (0, 708)


def test_github_gets_annotations_and_a_summary(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("of another step\n")
    ended = petrec(
        "validate", "--format", "github", dsn=clinic.dsn, GITHUB_STEP_SUMMARY=str(summary)
    )
    lines = ended.out.splitlines()
    assert [line.split(" ")[0] for line in lines[:-1]] == ["::error"] * 7 + ["::warning"]
    assert lines[0].startswith("::error title=petrec missing_inferable::395 recordings: ")
    written = summary.read_text()
    assert written.startswith("of another step\n## petrec validate: 7 errors")
    assert r"| missing\_ambiguous | error | 160 | 8.00 |" in written
    ended = petrec(
        "validate", "--format", "github", dsn=clinic.dsn, GITHUB_STEP_SUMMARY=str(tmp_path)
    )
    assert ended.code == 3


def test_junit_tells_failed_from_skipped(petrec: Petrec, clinic: Database, lenient: Path) -> None:
    lenient.write_text(OFF.replace('"> 8%"', '"> 7%"'))
    ended = petrec("validate", "--format", "junit", "--output", "p.xml", dsn=clinic.dsn)
    assert (ended.code, ended.out) == (1, "")
    suite = ET.parse(lenient.parent / "p.xml").getroot()[0]
    numbers = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert numbers == {"tests": "11", "failures": "1", "errors": "0", "skipped": "2"}
    failed = suite.findtext("testcase[@name='missing_ambiguous']/failure")
    assert failed is not None
    assert "160 recordings" in failed
    ended = petrec(
        "validate", "--format", "junit", "--fail-level", "warning", dsn=clinic.dsn
    )  # fmt: skip
    assert 'failures="3"' in ended.out
