"""The clinic's cases: exported, decided in the page, imported."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.pages import Open


def imported(petrec: Petrec, file: Path, dsn: str, *options: str) -> dict[str, Any]:
    ended = petrec("review", "import", str(file), "-q", "--format", "json", *options, dsn=dsn)
    assert ended.code == 0, ended.out + ended.err
    return dict(json.loads(ended.out))


def test_decided_in_the_page_and_imported(
    clinic: Database, petrec: Petrec, opened: Open, tmp_path: Path
) -> None:
    assert petrec("backfill", "--apply", "--yes", "-q", dsn=clinic.dsn).code == 0
    assert petrec("review", "export", "clinic.html", dsn=clinic.dsn).code == 0
    page = opened(Path(tmp_path / "clinic.html"), reviewer="Dr. Zoë")
    assert page.text("#total") == "313"
    for kind in ("Several pets possible", "Pet not in the appointment", "No appointment"):
        page.page.get_by_role("radio", name=kind).check()
        page.press("1", "2", "c", "l")
    file = shutil.copy(page.download(), tmp_path / "decided.json")

    planned = imported(petrec, Path(file), clinic.dsn)
    assert (planned["problems"], planned["run"]) == ([], None)
    before = clinic.checksum()
    done = imported(petrec, Path(file), clinic.dsn, "--apply", "--yes")
    assert (done["problems"], done["run"]["changed"], done["run"]["skipped"]) == ([], 6, 0)
    assert clinic.checksum() != before
    who = clinic.execute("SELECT DISTINCT reviewer FROM petrec.decisions")
    assert who == [("Dr. Zoë",)]
    again = imported(petrec, Path(file), clinic.dsn, "--apply", "--yes")
    assert (again["run"], again["already"]) == (None, 12)
