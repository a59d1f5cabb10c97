"""Every format shows a result, and hostile text stays text."""

import csv
import io
import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.documents import Format, render
from petrec.documents.document import Document, Finding
from petrec.features.audit.result import AuditResult, GuideNumbers, KindCount, WarningCount
from petrec.rules import Repair, Severity

HOSTILE = '=cmd|"x"\n::error::[red]\x1b[31m<b>'
RESULT = AuditResult(
    taken_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    database=HOSTILE,
    server_version="18.6",
    table="public.recordings",
    total=10,
    kinds=(
        KindCount("ok", Severity.NONE, "fine", Repair.NONE, 7, 70.0),
        KindCount("mismatched", Severity.ERROR, HOSTILE, Repair.REVIEW, 3, 30.0, (HOSTILE,)),
        KindCount("dangling_pet", Severity.ERROR, "gone", Repair.REVIEW, 0, 0.0),
    ),
    guide=GuideNumbers(10, 9, 1, 3),
    warnings=(WarningCount("owner_differs", "odd", 1, ("x",)),),
)


def rendered(output_format: Format) -> str:
    out = io.StringIO()
    render(RESULT.document(), output_format, out)
    return out.getvalue()


def test_json_is_complete() -> None:
    found = json.loads(rendered(Format.JSON))
    assert (found["schema_version"], found["command"], found["total"]) == (1, "audit", 10)
    assert found["kinds"][1]["samples"] == [HOSTILE]


def test_jsonl_has_a_line_per_row() -> None:
    lines = [json.loads(line) for line in rendered(Format.JSONL).splitlines()]
    assert {"kind": "mismatched", "count": 3}.items() <= lines[1].items()


def test_csv_cells_are_inert() -> None:
    rows = list(csv.reader(io.StringIO(rendered(Format.CSV))))
    assert rows[2][:3] == ["mismatched", "3", "30.0"]
    assert rows[2][4] == "'" + HOSTILE


def test_junit_fails_what_has_findings() -> None:
    suites = ET.fromstring(rendered(Format.JUNIT).split("\n", 1)[1])
    assert (suites.get("tests"), suites.get("failures")) == ("3", "1")


def test_github_annotates_per_rule_on_one_line() -> None:
    lines = rendered(Format.GITHUB).splitlines()
    assert [line.split("::")[1].split(" ")[0] for line in lines[:2]] == ["error", "warning"]
    assert len(lines) == 3


@pytest.mark.parametrize("output_format", [Format.TABLE, Format.MARKDOWN, Format.JUNIT])
def test_no_control_character_gets_out(output_format: Format) -> None:
    assert "\x1b" not in rendered(output_format)


def test_markdown_keeps_its_columns() -> None:
    table = [line for line in rendered(Format.MARKDOWN).splitlines() if "mismatched" in line]
    assert table[0].replace(r"\|", "").count("|") == 6
    assert "<b>" not in table[0]


ANY_TEXT = st.text(st.characters(categories=None), max_size=20)
ANY_FINDING = st.builds(
    Finding, ANY_TEXT, st.sampled_from(["error", "warning", "off"]), st.integers(0, 9), ANY_TEXT,
    ANY_TEXT,
)  # fmt: skip
DOCUMENTS = st.builds(
    Document, st.just("audit"), ANY_TEXT, st.none(), st.just(()),
    st.lists(ANY_FINDING, max_size=4).map(tuple), st.lists(ANY_TEXT, max_size=2).map(tuple),
)  # fmt: skip


def written(document: Document, output_format: Format) -> str:
    out = io.StringIO()
    render(document, output_format, out)
    return out.getvalue()


@given(document=DOCUMENTS)
def test_junit_is_xml_whatever_the_text(document: Document) -> None:
    suite = ET.fromstring(written(document, Format.JUNIT).encode())[0]
    cases = suite.findall("testcase")
    assert [len(suite.findall("testcase/failure")), len(cases)] == [
        int(suite.get("failures", "")), int(suite.get("tests", "")),
    ]  # fmt: skip
    assert len(cases) == len(document.findings)


@given(document=DOCUMENTS)
def test_github_gets_one_command_per_broken_rule(document: Document) -> None:
    *commands, last = written(document, Format.GITHUB).encode().decode().splitlines()
    broken = [finding for finding in document.findings if finding.count]
    assert len(commands) == len(broken)
    assert all(command.startswith(("::error title=", "::warning title=")) for command in commands)
    assert last.startswith("petrec audit: ")
    assert "##[" not in last
    for command in commands:
        properties = command.split("::")[1]
        assert properties.count(",") == 0
        assert properties.count(":") == 0
