"""One uuid in several spellings is one id, as for PostgreSQL's uuid; what is none is named."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

import petrec as api
from petrec.errors import SchemaMismatchError
from tests.integration.lake.test_odd_csv import COUNTS, TABLES, counts, write
from tests.integration.lake.test_odd_files import parquet
from tests.integration.lake.test_odd_ids import counted

# Small letters and capitals both differ from digits; pets, appointments, owners of several numbers.
UUIDS = {
    name: str(UUID(int=0xABCDEF00000040008000000000000000 + number))
    for number, name in enumerate(("p1", "p2", "p3", "p9", "a1", "a2", "o1", "o2", "r2"), 10)
}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "no dashes": lambda text: text.replace("-", ""),
    "capitals": str.upper,
    "braces": lambda text: f"{{{text}}}",
    "all": lambda text: f"{{{text.replace('-', '').upper()}}}",
    "dashes elsewhere": lambda text: "-".join(
        text.replace("-", "")[at : at + 4] for at in range(0, 32, 4)
    ),
}


def spelled(table: str, spell: Callable[[str], str] = str) -> str:
    text = TABLES[table]
    for name, uuid in UUIDS.items():
        text = text.replace(name, spell(uuid))
    return text


def typed(directory: Path, table: str, *columns: str) -> None:
    """Make a table Parquet whose columns have the type of uuids."""
    csv = directory / f"{table}.csv"
    chosen = "* REPLACE (" + ", ".join(f"{c}::UUID AS {c}" for c in columns) + ")"
    parquet(
        directory / f"{table}.parquet", f"SELECT {chosen} FROM read_csv('{csv}', all_varchar=true)"
    )
    csv.unlink()


def of_several(directory: Path, first: int = 0) -> Path:
    """Write each table in another spelling."""
    spellings = list(SPELLINGS.values())
    texts = {
        name: spelled(name, spellings[(first + place) % len(spellings)])
        for place, name in enumerate(TABLES)
    }
    return write(directory, texts)


def test_each_table_has_a_spelling_of_its_own(tmp_path: Path) -> None:
    assert counts(of_several(tmp_path, 3)) == COUNTS
    typed(tmp_path, "pets", "id", "owner_id")
    assert counts(tmp_path) == COUNTS


def test_what_is_no_uuid_beside_their_type_is_named(tmp_path: Path) -> None:
    of_several(tmp_path)
    typed(tmp_path, "pets", "id", "owner_id")
    folder = tmp_path / "recordings"
    folder.mkdir()
    (tmp_path / "recordings.csv").rename(folder / "1.csv")
    header = TABLES["recordings"].splitlines()[0]
    for name, pet in (("2", "n/a\x1b"), ("3", UUIDS["p1"])):
        (folder / f"{name}.csv").write_text(f"{header}\nr{name},{pet},,2026-01-05\n")
    said = (
        r"recordings\.pet_id has 'n/a\\x1b' in .*2\.csv: it is no uuid, but pets\.id has the type"
    )
    with pytest.raises(SchemaMismatchError, match=said) as raised:
        counts(tmp_path)
    assert "as one type" in str(raised.value.hint)


def test_texts_of_other_kinds_stay_among_texts(tmp_path: Path) -> None:
    of_several(tmp_path)
    with (tmp_path / "recordings.csv").open("a") as file:
        file.write("r5,n/a,,2026-01-05\n")
    assert counts(tmp_path) == {**COUNTS, "dangling_pet": 1}


def test_a_condition_sees_what_the_files_have(tmp_path: Path) -> None:
    write(tmp_path, {name: spelled(name) for name in TABLES})
    (tmp_path / "pets.csv").write_text(spelled("pets", str.upper))
    hidden = {"pets": f"id <> '{UUIDS['p1'].upper()}'"}
    assert counted(tmp_path, hidden)["dangling_pet"] == 1


def test_one_id_in_two_spellings_is_there_twice(tmp_path: Path) -> None:
    write(tmp_path, {name: spelled(name) for name in TABLES})
    with (tmp_path / "pets.csv").open("a") as file:
        file.write(f"{UUIDS['p1'].upper()},{UUIDS['o1']}\n")
    with pytest.raises(SchemaMismatchError, match="pets: 1 row has an id of rows before"):
        counts(tmp_path)


def test_ids_of_one_spelling_are_shown_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, {name: spelled(name, SPELLINGS["no dashes"]) for name in TABLES})
    [kind] = [
        k for k in api.audit(api.connect_files(tmp_path)).kinds if k.id == "missing_inferable"
    ]
    assert kind.samples == (UUIDS["r2"].replace("-", ""),)
