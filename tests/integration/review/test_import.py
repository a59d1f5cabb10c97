"""Decisions come back, are written through the journal, and can be taken back."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from tests.plugins.case_files import FIRST, decide, decide_some, read_csv, write_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.exports import Exported
from tests.plugins.forks import Completed
from tests.plugins.servers import BINARIES, running
from tests.plugins.templates import DATA, SHAPES

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


def whole_way(petrec: Petrec, database: Database, tmp_path: Path) -> None:
    """Backfill, export, decide all, import, and take the import back."""
    dsn = database.dsn
    assert petrec("backfill", "--apply", "--yes", "-q", dsn=dsn).code == 0
    before, linked = database.checksum(), digest(database)
    assert petrec("review", "export", "cases.csv", dsn=dsn).code == 0
    decided = decide(tmp_path / "cases.csv")

    applied = petrec("review", "import", str(decided), *APPLY, dsn=dsn)
    assert applied.code == 0, applied.out + applied.err
    run = imported(applied)["run"]
    assert (run["changed"], run["skipped"], run["state"]) == (313, 0, "done")
    validated = petrec("validate", dsn=dsn)
    assert validated.code == 0, validated.out
    again = imported(petrec("review", "import", str(decided), *APPLY, dsn=dsn))
    assert (again["run"], again["already"], again["problems"]) == (None, 313, [])

    lineage = "SELECT count(*) FROM petrec.decisions d JOIN petrec.changes c USING (run_id, seq)"
    assert database.execute(lineage) == [(313,)]

    undone = petrec("runs", "undo", str(run["id"]), "--yes", dsn=dsn)
    assert undone.code == 0, undone.err
    assert (database.checksum(), digest(database)) == (before, linked)


@pytest.mark.few(1)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_version(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    """Each shape on another version, as far as there are some."""
    if shape == "renamed":
        shutil.copy(DATA / "shapes" / "renamed.toml", tmp_path / "petrec.toml")
    majors = sorted(BINARIES)
    server = running(majors[SHAPES.index(shape) % len(majors)])
    whole_way(petrec, database(shape, server), tmp_path)


@pytest.mark.no_journal
def test_a_plan_writes_nothing_and_an_undone_import_can_be_repeated(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    decided, before = decide_some(exported("cases.csv")), clinic.checksum()
    planned = petrec("review", "import", str(decided), "--format", "json", dsn=clinic.dsn)
    assert (planned.code, imported(planned)["problems"]) == (0, []), planned.out
    assert sum(imported(planned)["verdicts"].values()) == 80
    assert clinic.checksum() == before
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]
    for attempt in (1, 3):
        applied = petrec("review", "import", str(decided), *APPLY, dsn=clinic.dsn)
        assert imported(applied)["run"]["changed"] == 80
        undone = petrec("runs", "undo", str(attempt), "--yes", dsn=clinic.dsn)
        assert undone.code == 0, undone.err
        assert clinic.checksum() == before


def test_a_recording_may_name_what_no_appointment_can_be(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path
) -> None:
    """Its number is beyond the type of their ids."""
    there = database("integer_ids")
    there.execute("ALTER TABLE appointments ALTER id TYPE integer")
    dangling = there.execute(
        "UPDATE recordings SET appointment_id = appointment_id + 3000000000 WHERE pet_id IS NULL"
        " AND appointment_id NOT IN (SELECT id FROM appointments) RETURNING id::text"
    )
    assert petrec("review", "export", "cases.csv", dsn=there.dsn).code == 0
    rows = [row for row in read_csv(tmp_path / "cases.csv") if (row["recording_id"],) in dangling]
    decided = decide(write_csv(tmp_path / "cases.csv", rows))
    applied = petrec("review", "import", str(decided), *APPLY, dsn=there.dsn)
    assert applied.code == 0, applied.out + applied.err
    assert imported(applied)["run"]["changed"] == len(rows) > 1


def fill_workbook(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[1:]:
        header = [cell.value for cell in sheet[1]]
        decision, first = header.index("decision") + 1, header.index("choice 1") + 1
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, decision).value = sheet.cell(row, first).value
    book["instructions"]["B1"] = "Ada"
    book.save(path)


def test_decisions_in_a_workbook_are_written(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    path = exported("cases.xlsx")
    fill_workbook(path)
    applied = petrec("review", "import", str(path), *APPLY, dsn=clinic.dsn)
    assert applied.code == 0, applied.out + applied.err
    assert imported(applied)["run"]["changed"] == 313
    assert clinic.execute("SELECT DISTINCT reviewer FROM petrec.decisions") == [("Ada",)]


def test_a_workbook_offers_each_row_its_own_candidates(exported: Exported) -> None:
    book = openpyxl.load_workbook(exported("cases.xlsx"))
    assert book.sheetnames[0] == "instructions"
    for sheet in book.worksheets[1:]:
        header = [cell.value for cell in sheet[1]]
        first = get_column_letter(header.index("choice 1") + 1)
        (validation,) = sheet.data_validations.dataValidation
        assert f"OFFSET(${first}2,0,0,1,COUNTA(${first}2:" in validation.formula1
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref
        for row in sheet.iter_rows(min_row=2, values_only=True):
            words = [word for word in row[header.index("choice 1") :] if word]
            labels = row[header.index("candidates")].split("\n")
            assert words[: len(labels)] == labels
            assert words[-2:] == ["cannot tell", "leave"]


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_libreoffice_saves_it_again(
    petrec: Petrec, clinic: Database, exported: Exported, tmp_path: Path, suffix: str
) -> None:
    clinic.execute("UPDATE recordings SET transcript_text = '=1+1' WHERE pet_id IS NULL")
    path = exported(f"cases.{suffix}")
    if suffix == "csv":
        path = write_csv(path, [row | FIRST | {"title": "'=1+1"} for row in read_csv(path)])
    else:
        fill_workbook(path)
    filters = {"csv": "csv:Text - txt - csv (StarCalc):44,34,76,1", "xlsx": "xlsx"}
    infilter = ["--infilter=CSV:44,34,76,1"] if suffix == "csv" else []
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", *infilter,
         "--convert-to", filters[suffix], "--outdir", str(tmp_path / "saved"), str(path)],
        check=True, capture_output=True, timeout=200,
    )  # fmt: skip
    saved = tmp_path / "saved" / path.name
    applied = petrec("review", "import", str(saved), *APPLY, dsn=clinic.dsn)
    assert applied.code == 0, applied.out + applied.err
    assert imported(applied)["run"]["changed"] == 313
    if suffix == "csv":
        assert {row["title"] for row in read_csv(saved)} == {"'=1+1"}
