"""What reviewers decide, row by row."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.plugins.case_files import Row, candidates, read_csv, write_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import Exported

APPLY = ("--apply", "--yes", "-q", "--format", "json")


class Give(Protocol):
    """Imports some rows as files of their own; returns exit code and result."""

    def __call__(
        self, *files: list[Row], options: tuple[str, ...] = APPLY
    ) -> tuple[int, dict[str, Any]]: ...


@pytest.fixture
def cases(exported: Exported) -> list[Row]:
    return read_csv(exported("cases.csv"))


@pytest.fixture
def give(petrec: Petrec, clinic: Database, tmp_path: Path) -> Give:
    def run(*files: list[Row], options: tuple[str, ...] = APPLY) -> tuple[int, Any]:
        paths = [write_csv(tmp_path / f"{n}.csv", rows) for n, rows in enumerate(files)]
        ended = petrec("review", "import", *map(str, paths), *options, dsn=clinic.dsn)
        assert ended.code in {0, 1}, ended.err
        return ended.code, json.loads(ended.out)

    return run


def of_kind(cases: list[Row], kind: str) -> list[Row]:
    return [row for row in cases if row["kind"] == kind]


def vote(row: Row, decision: str, who: str = "Ada", **more: str) -> Row:
    return row | {"decision": decision, "reviewer": who, **more}


def pet_of(clinic: Database, row: Row) -> str | None:
    found = clinic.execute(
        "SELECT pet_id::text FROM recordings WHERE id = %s", (row["recording_id"],)
    )
    return found[0][0] if found else None


def linking(cases: list[Row]) -> list[Row]:
    """All mismatched rows of one appointment and pet, decided so that the pet is added."""
    for row in of_kind(cases, "mismatched"):
        mine = [c for c in candidates(row) if c[1:3] == ["link", row["pet_id"]]]
        if mine:
            pair = (row["appointment_id"], row["pet_id"])
            same = [r for r in cases if (r["appointment_id"], r["pet_id"]) == pair]
            return [vote(r, mine[0][0].partition(". ")[2].partition(" (")[0]) for r in same]
    raise AssertionError("no such row")
