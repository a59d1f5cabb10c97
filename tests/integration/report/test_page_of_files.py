"""The page of a report of files: its commands name them, however long their place is."""

import html
import re
import shlex
from pathlib import Path

import msgspec

from petrec.features.report.result import ReportResult
from tests.plugins.pages import Open
from tests.plugins.report_pages import email_of, page_of

PLACE = "/srv/lake/" + "exports_of_every_clinic/" * 6 + "it's {table}/*.parquet"


def of_files(sample: ReportResult) -> ReportResult:
    """A report of files in a place with a long name, read by a cluster."""
    audit = msgspec.structs.replace(
        sample.audit, engine="Spark", remarks=(f"read from {PLACE}, which has no manifest",)
    )
    return msgspec.structs.replace(
        sample, audit=audit, files=PLACE, master="spark://host:7077", history=f"{PLACE}/history.txt"
    )


def test_the_place_of_files_fits_a_phone(
    opened: Open, sample: ReportResult, tmp_path: Path
) -> None:
    def width(text: str) -> int:
        file = tmp_path / "page.html"
        file.write_text(text)
        page = opened(file, reviewer="", viewport={"width": 390, "height": 800}).page
        return int(page.evaluate("document.documentElement.scrollWidth"))

    assert width(page_of(of_files(sample))) == 390
    assert width(email_of(of_files(sample))) == width(email_of(sample))


def test_the_commands_name_place_engine_and_cluster(sample: ReportResult) -> None:
    shown = re.findall("<code>(petrec audit .*?)</code>", page_of(of_files(sample)))
    kinds = dict.fromkeys(each.kind for each in sample.examples)
    engine = ["--engine", "spark", "--master", "spark://host:7077"]
    assert [shlex.split(html.unescape(each)) for each in shown] == [
        ["petrec", "audit", "--source", PLACE, *engine, "--rows", kind] for kind in kinds
    ]
    assert len(shown) > 3
