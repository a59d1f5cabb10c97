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
    backfilled: Database, petrec: Petrec, opened: Open, tmp_path: Path
) -> None:
    assert petrec("review", "export", "backfilled.html", dsn=backfilled.dsn).code == 0
    page = opened(Path(tmp_path / "backfilled.html"), reviewer="Dr. Zoë")
    assert page.text("#total") == "313"
    for kind in ("Several pets possible", "Pet not in the appointment", "No appointment"):
        page.page.get_by_role("radio", name=kind).check()
        page.press("1", "2", "c", "l")
    file = shutil.copy(page.download(), tmp_path / "decided.json")

    planned = imported(petrec, Path(file), backfilled.dsn)
    assert (planned["problems"], planned["run"]) == ([], None)
    before = backfilled.checksum()
    done = imported(petrec, Path(file), backfilled.dsn, "--apply", "--yes")
    assert (done["problems"], done["run"]["changed"], done["run"]["skipped"]) == ([], 6, 0)
    assert backfilled.checksum() != before
    who = backfilled.execute("SELECT DISTINCT reviewer FROM petrec.decisions")
    assert who == [("Dr. Zoë",)]
    again = imported(petrec, Path(file), backfilled.dsn, "--apply", "--yes")
    assert (again["run"], again["already"]) == (None, 12)
