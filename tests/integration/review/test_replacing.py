"""An export never takes the place of what somebody has done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from petrec.errors import UsageError
from petrec.features.review.unfilled import refuse_filled
from petrec.files import keep_beside
from tests.plugins.case_files import read_csv, write_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.exports import FEW, Exported

Change = Callable[[Path], Any]


def in_row(column: str, number: int = 7) -> Change:
    def change(path: Path) -> None:
        rows = read_csv(path)
        rows[number][column] = "x"
        write_csv(path, rows)

    return change


def in_sheet(cell: str, sheet: str = "No appointment") -> Change:
    def change(path: Path) -> None:
        book = openpyxl.load_workbook(path)
        book[sheet][cell] = "x"
        book.save(path)

    return change


def own_sheet(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.create_sheet("my list")["A1"] = "call Mrs Jones"
    book.save(path)


def own_column(path: Path) -> None:
    write_csv(path, [row | {"mine": ""} for row in read_csv(path)])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


WORK: dict[str, tuple[str, Change]] = {
    "decision": ("cases.csv", in_row("decision")),
    "other_pet": ("cases.csv", in_row("other_pet_id")),
    "reviewer": ("cases.csv", in_row("reviewer")),
    "note": ("cases.csv", in_row("note", -1)),
    "own_column": ("cases.csv", own_column),
    "a_list": ("cases.csv", lambda path: path.write_text("who,what\nAda,call\n")),
    "sheet_decision": ("few.xlsx", in_sheet("D9")),
    "sheet_note": ("few.xlsx", in_sheet("G2")),
    "sheet_name": ("few.xlsx", in_sheet("B1", "instructions")),
    "sheet_beside": ("few.xlsx", in_sheet("XFD1048576")),
    "own_sheet": ("few.xlsx", own_sheet),
    "cut_xlsx": ("few.xlsx", cut),
    "csv_named_xlsx": ("few.xlsx", lambda path: path.write_text("a,b\n")),
}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", WORK)
def test_a_file_with_decisions_is_not_replaced(exported: Exported, name: str) -> None:
    file, change = WORK[name]
    path = exported(file)
    refuse_filled(path)
    change(path)
    with pytest.raises(UsageError, match="already exists"):
        refuse_filled(path)


def test_what_a_spreadsheet_saves_again_is_no_work(exported: Exported) -> None:
    path = exported("few.xlsx")
    openpyxl.load_workbook(path).save(path)
    refuse_filled(path)
    path = exported("cases.csv")
    write_csv(path, read_csv(path))
    refuse_filled(path)
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n") + b"\n\n")
    refuse_filled(path)


def test_an_export_is_refused_or_kept_beside(
    petrec: Petrec, clinic: Database, exported: Exported, tmp_path: Path
) -> None:
    in_row("decision")(exported("cases.csv"))
    in_sheet("D9")(exported("few.xlsx"))
    (tmp_path / "cases.html").write_text("<p>a page</p>")
    files = ("cases.csv", "few.xlsx", "cases.html")
    filled = {name: (tmp_path / name).read_bytes() for name in files}
    for name in files:
        ended = petrec("review", "export", "new.csv", name, *FEW, dsn=clinic.dsn)
        assert (ended.code, ended.out) == (2, "")
        assert name in ended.err
        assert "--force" in ended.err
    assert {name: (tmp_path / name).read_bytes() for name in files} == filled
    assert not (tmp_path / "new.csv").exists()
    (tmp_path / "cases.csv.bak-1").write_text("older")
    forced = petrec("review", "export", *files, *FEW, "--force", dsn=clinic.dsn)
    assert forced.code == 0, forced.err
    assert "cases.csv.bak-2" in forced.out
    assert (tmp_path / "cases.csv.bak-1").read_text() == "older"
    kept = {"cases.csv": "bak-2", "few.xlsx": "bak-1", "cases.html": "bak-1"}
    assert {n: (tmp_path / f"{n}.{end}").read_bytes() for n, end in kept.items()} == filled
    again = petrec("review", "export", "cases.csv", "few.xlsx", *FEW, dsn=clinic.dsn)
    assert (again.code, again.err) == (0, "")
    assert not (tmp_path / "cases.csv.bak-3").exists()


def test_rejects_that_are_being_repaired_are_kept(
    petrec: Petrec, clinic: Database, exported: Exported, tmp_path: Path
) -> None:
    path = exported("cases.csv")
    rows = [row for row in read_csv(path) if row["kind"] == "missing_ambiguous"]
    write_csv(path, [row | {"decision": "77", "reviewer": "Ada"} for row in rows[:3]])
    (tmp_path / "cases.csv.rejects.csv").write_text("repaired by hand")
    command = ("review", "import", "cases.csv", "--apply", "--partial", "--yes")
    ended = petrec(*command, dsn=clinic.dsn)
    assert ended.code == 1, ended.err
    assert (tmp_path / "cases.csv.rejects.csv.bak-1").read_text() == "repaired by hand"
    assert len(read_csv(tmp_path / "cases.csv.rejects.csv")) == 3


def test_names_of_kept_files_are_never_taken_twice(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    for number in range(1, 4):
        file.unlink(missing_ok=True)
        file.write_text(str(number))
        assert keep_beside(file) == tmp_path / f"cases.csv.bak-{number}"
    kept = sorted(tmp_path.glob("*.bak-*"))
    assert [each.read_text() for each in kept] == ["1", "2", "3"]
