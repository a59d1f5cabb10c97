"""Ids that no database would have are refused, and what is NULL is NULL for conditions, too."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import petrec as api
from petrec.errors import SchemaMismatchError
from tests.integration.lake.test_odd_csv import COUNTS, TABLES, counts, write
from tests.integration.lake.test_odd_files import parquet

# Without pet 1.0, a count would say that it dangles.
NUMBERS = {
    "recordings": "id,pet_id,appointment_id,visit_id,created_at\n"
    "1,1,1,1,2026-01-01\n2,,1,1,2026-01-02\n3,,2,,2026-01-03\n4,3,1,,2026-01-04\n",
    "pets": "id,owner_id\n1,1\n2,1\n3,2\n",
    "appointments": "id,pet_owner_id\n1,1\n2,1\n",
    "appointment_pets": "id,appointment_id,pet_id\n1.0,1,1\n2.0,2,1\n3.0,2,2\n",
    "visits": "id,pet_id,appointment_id\n1,,1\n",
}


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("column", "table", "old", "new"),
    [
        ("recordings.pet_id", "recordings", "1,1,1,1,", "1,1.0,1,1,"),
        ("recordings.id", "recordings", "4,3,1", "1e+16,3,1"),
        ("recordings.visit_id", "recordings", "1,1,1,1,", '1,1,1," 1.0",'),
        ("pets.owner_id", "pets", "3,2", "3,2.0"),
        ("appointments.id", "appointments", "2,1", "2.0,1"),
        ("appointment_pets.pet_id", "appointment_pets", "1.0,1,1", "1.0,1,1.0"),
        ("visits.appointment_id", "visits", "1,,1", "1,,1.2345678901234568e+16"),
    ],
)
def test_ids_that_a_program_made_fractions_are_refused(
    tmp_path: Path, column: str, table: str, old: str, new: str
) -> None:
    write(tmp_path, {**NUMBERS, table: NUMBERS[table].replace(old, new, 1)})
    with pytest.raises(SchemaMismatchError, match=rf"{column} has fractions, such as 1\.0") as made:
        counts(tmp_path)
    assert "makes them fractions" in str(made.value.hint)


def test_ids_that_only_look_like_fractions_are_texts(tmp_path: Path) -> None:
    named = {name: text.replace("p1", "v1.0").replace("p2", "1.5") for name, text in TABLES.items()}
    assert counts(write(tmp_path, named)) == COUNTS


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("pets", "p1,o1", "pets: 1 row has an id of rows before"),
        ("pets", "p1,o2\np3,o2", "pets: 2 rows have ids of rows before"),
        ("appointments", "a1,o1", "appointments: 1 row has"),
        ("recordings", "r2,,a1,2026-01-02", "recordings: 1 row has"),
    ],
)
def test_rows_of_two_moments_are_refused(tmp_path: Path, table: str, row: str, said: str) -> None:
    write(tmp_path, {})
    folder = tmp_path / table
    folder.mkdir()
    (tmp_path / f"{table}.csv").rename(folder / "monday.csv")
    (folder / "tuesday.csv").write_text(f"{TABLES[table].splitlines()[0]}\n{row}\n")
    with pytest.raises(SchemaMismatchError, match=said) as raised:
        counts(tmp_path)
    assert "files of one moment" in str(raised.value.hint)
    for day in ("monday", "tuesday"):
        csv = folder / f"{day}.csv"
        parquet(folder / f"{day}.parquet", f"FROM read_csv('{csv}', all_varchar = true)")
        csv.unlink()
    with pytest.raises(SchemaMismatchError, match=said):
        counts(tmp_path)


def test_links_and_visits_may_be_listed_twice_or_not_once(tmp_path: Path) -> None:
    assert counts(write(tmp_path, NUMBERS)) == COUNTS
    again = NUMBERS["appointment_pets"] + "1.0,1,1\n"
    assert counts(write(tmp_path, {**NUMBERS, "appointment_pets": again})) == COUNTS
    write(tmp_path, {**NUMBERS, "visits": NUMBERS["visits"] + "1,2,1\n"})
    with pytest.raises(SchemaMismatchError, match="visits: 1 row has an id"):
        counts(tmp_path)


def counted(directory: Path, conditions: Mapping[str, str]) -> dict[str, int]:
    config = directory / "petrec.toml"
    lines = (f"{name} = {condition!r}\n" for name, condition in conditions.items())
    config.write_text("[mapping.where]\n" + "".join(lines))
    kinds = api.audit(api.connect_files(directory, config=config)).kinds
    return {str(kind.id): kind.count for kind in kinds if kind.count}


@pytest.mark.few(3)
@pytest.mark.parametrize("nothing", ["", '""', "NULL", r"\N", " ", '" "'])
def test_what_is_null_in_csv_is_null_for_conditions(tmp_path: Path, nothing: str) -> None:
    header, *rows = TABLES["recordings"].splitlines()
    kept = "".join(f"{row},{nothing}\n" for row in rows)
    deleted = "r5,p9,a1,2026-01-05,2026-02-01\nr6,,a9,2026-01-05, 2026-02-02 \n"
    # Days of the same pets, of which one counts.
    pets = "id,owner_id,until\np1,o2,2026-01-01\n" + "".join(
        f"{row},{nothing}\n" for row in TABLES["pets"].splitlines()[1:]
    )
    write(tmp_path, {"recordings": f"{header},deleted_at\n{kept}{deleted}", "pets": pets})
    where = {"recordings": "deleted_at IS NULL", "pets": "until IS NULL"}
    assert counted(tmp_path, where) == COUNTS
    late = {**where, "recordings": "deleted_at = '2026-02-02' OR created_at < '2026-01-02'"}
    assert counted(tmp_path, late) == {"ok": 1, "missing_dangling_appointment": 1}
