"""CSV has one form: each other is refused with its file and line, none is guessed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import petrec as api
from petrec.errors import EngineFailedError, PetrecError, SchemaMismatchError
from petrec.lake.with_duckdb import check_csv

# Two appointments and three pets: a lost field, column or line changes a count.
TABLES = {
    "recordings": "id,pet_id,appointment_id,created_at\n"
    "r1,p1,a1,2026-01-01\nr2,,a1,2026-01-02\nr3,,a2,2026-01-03\nr4,p3,a1,2026-01-04\n",
    "pets": "id,owner_id\np1,o1\np2,o1\np3,o2\n",
    "appointments": "id,pet_owner_id\na1,o1\na2,o1\n",
    "appointment_pets": "appointment_id,pet_id\na1,p1\na2,p1\na2,p2\n",
}
COUNTS = {"ok": 1, "missing_inferable": 1, "missing_ambiguous": 1, "mismatched": 1}


def write(directory: Path, changed: Mapping[str, str | bytes]) -> Path:
    for name, text in {**TABLES, **changed}.items():
        content = text if isinstance(text, bytes) else text.encode()
        (directory / f"{name}.csv").write_bytes(content)
    return directory


def counts(directory: Path | str) -> dict[str, int]:
    kinds = api.audit(api.connect_files(directory)).kinds
    return {str(kind.id): kind.count for kind in kinds if kind.count}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: (
            "\n".join(",".join(f'"{f}"' for f in row.split(",")) for row in text.split()) + "\n"
        ),
    ],
)
def test_what_rfc_4180_leaves_open_is_read(tmp_path: Path, change: object) -> None:
    assert callable(change)
    write(tmp_path, {name: change(text) for name, text in TABLES.items()})
    assert counts(tmp_path) == COUNTS


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("p2,o1", "p2,o1,more", r"pets\.csv, line 3: the header has 2 fields, the line 3"),
        ("p2,o1", "p2", r"pets\.csv, line 3: the header has 2 fields, the line 1"),
        ("p2,o1", '"p2,o1', r"pets\.csv, line 3: a quote is not closed"),
        ("p2,o1", '"p2"x,o1', r"pets\.csv, line 3: a quote is not closed, or text"),
        ("p2,o1", "p\udce9,o1", r"pets\.csv, line 3: it is not UTF-8"),
        ("p2,o1\n", "p2,o1\r\n", r"pets\.csv: its quotes or the ends of its lines"),
        ("p2,o1", "p2," + "o" * 2_100_000, r"pets\.csv, line 3: it is longer"),
        (",", ";", r"pets\.csv, line 1: the header is one field with ';' in it"),
        (",", "\t", r"pets\.csv, line 1: the header is one field with '\\t' in it"),
        ("id,owner_id", "id,id", r"pets\.csv, line 1: column 'id' is there twice"),
        ("id,owner_id", "pet,owner_id", r"pets has no column id in .*pets\.csv"),
        (TABLES["pets"], "", r"pets\.csv, line 1: the file has no header"),
    ],
)
def test_another_form_is_refused_with_file_and_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    changed = TABLES["pets"].replace(old, new).encode("utf-8", "surrogateescape")
    write(tmp_path, {"pets": changed})
    with pytest.raises((EngineFailedError, SchemaMismatchError), match=said) as raised:
        counts(tmp_path)
    # What a line has in it may be personal.
    assert "more" not in str(raised.value)


def test_every_field_is_looked_at_for_engines_that_name_no_line(tmp_path: Path) -> None:
    write(tmp_path, {})
    check_csv(str(tmp_path / "pets.csv"))
    for line, said in {
        b"p9,caf\xe9": "line 5: it is not UTF-8",
        b"p9": "line 5: the header",
    }.items():
        write(tmp_path, {"pets": TABLES["pets"].encode() + line + b"\n"})
        with pytest.raises(EngineFailedError, match=said):
            check_csv(str(tmp_path / "pets.csv"))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-32"):
        write(tmp_path, {"pets": TABLES["pets"].encode(encoding)})
        with pytest.raises(PetrecError, match=r"pets\.csv, line 1: it is not UTF-8"):
            counts(tmp_path)


def test_files_whose_columns_are_in_another_order_are_one_table(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "pets.csv").unlink()
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "1.csv").write_text("id,owner_id\np1,o1\n")
    (tmp_path / "pets" / "2.csv").write_text("note,owner_id,id\nx,o1,p2\ny,o2,p3\n")
    assert counts(tmp_path) == COUNTS
    (tmp_path / "pets" / "2.csv").write_text("id\np2\np3\n")
    with pytest.raises(SchemaMismatchError, match=r"2\.csv has no column owner_id, but .*1\.csv"):
        counts(tmp_path)


def test_conditions_that_cannot_be_used_are_refused_by_table(tmp_path: Path) -> None:
    write(tmp_path, {})
    for condition, said in {
        "owner_id = = 1": "it cannot be parsed",
        "owner_id = 'o1": "it cannot be parsed",
        "true) OR (true": "not one condition",
        "id IN (SELECT 1)": "not one condition",
        "deleted_at IS NULL": "the files have no column deleted_at",
        "mystery(owner_id)": "DuckDB cannot read",
        "owner_id = 'o1' -- only": "",
        "": "",
    }.items():
        config = tmp_path / "petrec.toml"
        config.write_text(f'[mapping.where]\npets = "{condition}"\n')
        session = api.connect_files(tmp_path, config=config)
        if said:
            with pytest.raises(SchemaMismatchError, match=rf"\[mapping\.where\] pets .*{said}"):
                api.audit(session)
        else:
            api.audit(session)


def test_the_order_of_files_in_a_folder_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets.csv").rename(tmp_path / "pets" / "z.csv")
    (tmp_path / "pets" / "a.csv").write_text("owner_id,id\n")
    assert counts(tmp_path) == COUNTS
