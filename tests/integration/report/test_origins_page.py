"""Where damage comes from, and links to recordings, in a report's files."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from petrec.features.report.result import ReportResult
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

EVIL = """<script>document.title='owned'</script>\x1b[31m"""
# One of three versions, with an odd name, loses the pet of a quarter of its recordings.
VERSIONS = """
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM recordings)
UPDATE recordings r SET
    recording_metadata = jsonb_build_object(
        'app_version', CASE n % 3 WHEN 0 THEN %(evil)s ELSE '2.' || n % 3 || '.0' END),
    pet_id = CASE WHEN n % 3 = 0 AND n % 4 = 0 THEN NULL ELSE pet_id END
FROM numbered WHERE numbered.id = r.id
""".replace("%", "%%").replace("%%(evil)s", "%(evil)s")
FILES = ("--html", "r.html", "--json", "r.json", "--markdown", "r.md", "--email", "mail.html")


@pytest.fixture
def versions(clinic: Database, tmp_path: Path) -> Database:
    """A clinic with a bad version, and settings that name the host's own system."""
    clinic.execute(VERSIONS, {"evil": EVIL})
    link = 'link = "https://app.example/recordings/{id}?a=1&b=2"'
    (tmp_path / "petrec.toml").write_text(f"[report]\n{link}\n")
    return clinic


def test_the_page_names_the_version_and_links_to_recordings(
    petrec: Petrec, versions: Database, tmp_path: Path, browser: Any
) -> None:
    assert petrec("report", *FILES, "--by", "app_version", dsn=versions.dsn).code == 1
    result = msgspec.json.decode((tmp_path / "r.json").read_bytes(), type=ReportResult)
    assert result.audit.origins is not None
    assert result.audit.origins.values[0].value == EVIL
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto((tmp_path / "r.html").as_uri())
    assert page.title() != "owned"
    rows = page.locator("table.origins tbody tr")
    assert (rows.count(), rows.first.get_attribute("class")) == (3, "more")
    assert "<script>" in rows.first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    links = page.locator(".examples a").evaluate_all("all => all.map(a => a.href)")
    ids = [example.recording_id for example in result.examples]
    assert links == [f"https://app.example/recordings/{key}?a=1&b=2" for key in ids]
    for target in page.locator("a[href^='#']").evaluate_all("all => all.map(a => a.hash)"):
        assert page.locator(target).count() == 1
        assert f"petrec audit --rows {target.removeprefix('#rows-')}" in page.content()
    page.close()
    for name in ("r.html", "r.md", "mail.html"):
        text = (tmp_path / name).read_text()
        assert "<script" not in text
        assert "\x1b" not in text
    assert "app.example" not in (tmp_path / "mail.html").read_text()


def test_a_report_that_names_no_rows_names_no_vet(
    petrec: Petrec, versions: Database, tmp_path: Path
) -> None:
    assert petrec("report", *FILES, "--by", "vet", "--no-rows", dsn=versions.dsn).code == 1
    for name in ("r.html", "r.json", "r.md"):
        text = (tmp_path / name).read_text()
        assert not re.search(r"User \d|app\.example", text), name
    assert petrec("report", *FILES, "--by", "vet", dsn=versions.dsn).code == 1
    assert "User 0" in (tmp_path / "r.html").read_text()


def test_a_wrong_column_or_link_leaves_the_files(
    petrec: Petrec, versions: Database, tmp_path: Path
) -> None:
    (tmp_path / "r.html").write_text("old")
    wrong = petrec("report", "--html", "r.html", "--by", "app_verson", dsn=versions.dsn)
    assert (wrong.code, "did you mean 'app_version'?" in wrong.err) == (2, True)
    (tmp_path / "petrec.toml").write_text('[report]\nlink = "javascript:alert({id})"\n')
    linked = petrec("report", "--html", "r.html", dsn=versions.dsn)
    assert (linked.code, "[report] link is no web address" in linked.err) == (2, True)
    assert (tmp_path / "r.html").read_text() == "old"
