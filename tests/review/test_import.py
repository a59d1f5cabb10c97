"""Decisions come back, are written through the journal, and can be taken back."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Completed
from tests.plugins.databases import DATA, SHAPES, Database
from tests.review.files import decide

Run = Callable[..., Completed]
APPLY = ("--apply", "--yes", "-q", "--format", "json")


def imported(ended: Completed) -> dict[str, Any]:
    return dict(json.loads(ended.out))


def links(database: Database) -> str:
    if database.shape == "renamed":
        return '"vet data"."appointment\'s pets"'
    return "public.appointment_pets"


def digest(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        f"SELECT md5(string_agg(l::text, '|' ORDER BY l::text)) FROM {links(database)} l"
    )


def findings(petrec: Run, dsn: str) -> dict[str, int]:
    audited = json.loads(petrec("audit", "--format", "json", dsn=dsn).out)
    return {kind["id"]: kind["count"] for kind in audited["kinds"] if kind["id"] != "ok"}


def whole_way(petrec: Run, database: Database, tmp_path: Path) -> None:
    """Backfill, export, decide all, import, and take the import back."""
    dsn = database.dsn
    assert petrec("backfill", "--apply", "--yes", "-q", dsn=dsn).code == 0
    before, linked = database.checksum(), digest(database)
    assert petrec("review", "export", "cases.csv", dsn=dsn).code == 0
    decided = decide(tmp_path / "cases.csv")

    planned = petrec("review", "import", str(decided), "--format", "json", dsn=dsn)
    assert (planned.code, imported(planned)["problems"]) == (0, []), planned.out
    assert sum(imported(planned)["verdicts"].values()) == 313
    assert database.checksum() == before

    applied = petrec("review", "import", str(decided), *APPLY, dsn=dsn)
    assert applied.code == 0, applied.out + applied.err
    run = imported(applied)["run"]
    assert (run["changed"], run["skipped"], run["state"]) == (313, 0, "done")
    assert set(findings(petrec, dsn).values()) == {0}
    assert petrec("audit", dsn=dsn).code == 0

    again = imported(petrec("review", "import", str(decided), *APPLY, dsn=dsn))
    assert (again["run"], again["already"], again["problems"]) == (None, 313, [])

    lineage = "SELECT count(*) FROM petrec.decisions d JOIN petrec.changes c USING (run_id, seq)"
    assert database.execute(lineage) == [(313,)]

    undone = petrec("backfill", "undo", str(run["id"]), "--yes", dsn=dsn)
    assert undone.code == 0, undone.err
    assert (database.checksum(), digest(database)) == (before, linked)
    redone = imported(petrec("review", "import", str(decided), *APPLY, dsn=dsn))
    assert redone["run"]["changed"] == 313


def test_every_version(
    petrec: Run, database: Callable[..., Database], any_cluster: Cluster, tmp_path: Path
) -> None:
    whole_way(petrec, database("clinic", any_cluster), tmp_path)


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_every_shape(
    petrec: Run, database: Callable[..., Database], tmp_path: Path, shape: str
) -> None:
    if shape == "renamed":
        shutil.copy(DATA / "shapes" / "renamed.toml", tmp_path / "petrec.toml")
    whole_way(petrec, database(shape), tmp_path)
