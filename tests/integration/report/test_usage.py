"""Wrong usage of the report, and the code that it ends with."""

from pathlib import Path

import msgspec
import pytest

from petrec.features.report.result import ReportResult
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.reports import refusal


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--html", "a", "--json", "a"), "same name"),
        (("--mode", "8"), "file mode"),
        (("--html", "a.eml"), "is not a mail message"),
        (("--notify", "ftp://x"), "webhook"),
        (("--from", "absent.json"), "absent.json"),
        (("--record", "--history", "x"), "cannot be combined"),
    ],
)
def test_wrong_usage_of_report_names_what_is_wrong(arguments: tuple[str, ...], words: str) -> None:
    error = refusal(*arguments)
    assert error.exit_code == 2
    assert words in error.reason


def test_json_that_is_no_report(sample: ReportResult, tmp_path: Path) -> None:
    text = msgspec.json.encode(sample)
    contents = (
        msgspec.json.encode(msgspec.structs.replace(sample, trend=())),
        text.replace(b'"direction":"steady"', b'"direction":"<b>"'),
        msgspec.json.encode(sample.audit),
        text[:-10],
    )
    path, page = tmp_path / "report.json", tmp_path / "report.html"
    for content in contents:
        path.write_bytes(content)
        error = refusal("--from", str(path), "--html", str(page))
        assert (error.exit_code, page.exists()) == (2, False)
        assert "is not a report" in error.reason


def test_a_report_ends_with_the_code_of_what_it_found(petrec: Petrec, clinic: Database) -> None:
    assert petrec("report", "--fail-level", "never", dsn=clinic.dsn).code == 0
    clinic.execute("TRUNCATE recordings")
    ended = petrec("report", "--html", "r.html", "--format", "json", dsn=clinic.dsn)
    assert ended.code == 5
    assert "There are no recordings to check." in ended.out
