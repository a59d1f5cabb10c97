"""Values of the database in pages and mails: inert, and left out where asked for."""

from pathlib import Path

from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.report_pages import EVIL


def test_names_from_the_database_are_inert(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("UPDATE recordings SET original_filename = %s", (EVIL,))
    clinic.execute("UPDATE pets SET name = %s", (EVIL,))
    clinic.execute("UPDATE appointments SET title = %s", (EVIL,))
    forms = ("--html", "r.html", "--email", "mail.html", "--markdown", "r.md")
    assert petrec("report", *forms, dsn=clinic.dsn).code == 1
    page = (tmp_path / "r.html").read_text()
    assert "&lt;script&gt;" in page
    for name in ("r.html", "mail.html", "r.md"):
        assert "<script" not in (tmp_path / name).read_text()
        assert "<img" not in (tmp_path / name).read_text()


def test_no_rows_names_nothing(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    forms = ("--html", "r.html", "--json", "r.json", "--no-rows")
    assert petrec("report", *forms, dsn=clinic.dsn).code == 1
    for name in ("r.html", "r.json"):
        text = (tmp_path / name).read_text()
        assert "visit_recording" not in text
    assert petrec("report", "--email", "mail.html", "--markdown", "r.md", dsn=clinic.dsn).code == 1
    ids = [recording for (recording,) in clinic.execute("SELECT id::text FROM recordings")]
    pages = [(tmp_path / "r.html").read_text(), (tmp_path / "mail.html").read_text()]
    assert not any(recording in page for recording in ids for page in pages)
