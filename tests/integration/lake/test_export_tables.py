"""The export holds what the snapshot holds, exactly, and is there completely or not at all."""

import json
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest

from petrec.lake.manifest import checksum
from petrec.lake.parquet import parquet_writer
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.templates import DATA, SHAPES


def exported(petrec: Petrec, database: Database, directory: Path, *options: str) -> Any:
    if database.shape == "renamed":
        options += ("--config", str(DATA / "shapes" / "renamed.toml"))
    ended = petrec("export-tables", str(directory), *options, "--quiet", dsn=database.dsn)
    assert ended.code == 0, ended.err
    return json.loads((directory / "manifest.json").read_text())


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_files_hold_every_row_of_every_shape(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    clinic = database(shape)
    made = exported(petrec, clinic, tmp_path / "lake")
    assert {"recordings", "pets", "appointments", "appointment_pets"} <= {
        table["name"] for table in made["tables"]
    }
    for table in made["tables"]:
        cast = ", ".join(f'"{column["name"]}"::text' for column in table["columns"])
        schema = made["schema"]
        wanted = clinic.execute(f'SELECT {cast} FROM "{schema}"."{table["table"]}"')
        files = [str(tmp_path / "lake" / file["path"]) for file in table["files"]]
        with duckdb.connect() as lake:
            lake.execute("SET TimeZone = 'UTC'")
            found = lake.read_parquet(files).project(cast).fetchall()
        assert len(found) == table["rows"] == len(wanted)
        if not any("timestamp" in column["type"] for column in table["columns"]):
            assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def test_odd_texts_and_moments_arrive_as_they_are(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path
) -> None:
    clinic = database("text_ids")
    odd = ("", 'a"b', "line\nbreak", "comma, \\N", "é🐕", " ", "NULL", "\\.")
    for number, text in enumerate(odd):
        moment = ("-infinity", "infinity", "0044-03-15 BC", "2026-01-31 23:30:00.000001+02")
        clinic.execute(
            "INSERT INTO recordings SELECT (jsonb_populate_record(r, jsonb_build_object("
            "'id', %s::text, 'pet_id', %s::text, 'created_at', %s::text))).*"
            " FROM recordings r LIMIT 1",
            (f"odd {number}", text, moment[number % 4]),
        )
    exported(petrec, clinic, tmp_path / "lake")
    with duckdb.connect() as lake:
        lake.execute("SET TimeZone = 'UTC'")
        found = lake.read_parquet(str(tmp_path / "lake" / "recordings" / "*.parquet"))
        chosen = found.filter("id LIKE 'odd %'").order("id")
        rows = chosen.project("pet_id, created_at::varchar").fetchall()
    assert tuple(row[0] for row in rows) == odd
    assert [row[1] for row in rows[:4]] == [
        "0001-01-01 00:00:00+00",
        "9999-12-31 00:00:00+00",
        "0001-01-01 00:00:00+00",
        "2026-01-31 21:30:00.000001+00",
    ]


def test_a_condition_with_a_percent_sign_is_asked_as_it_is(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("UPDATE pets SET name = '50%' WHERE id::text < '8'")
    where = "length(name) % 2 >= 0 AND name <> '50%'"
    (tmp_path / "petrec.toml").write_text(f'[mapping.where]\npets = "{where}"\n')
    exported = petrec("export-tables", "lake", "--format", "json", dsn=clinic.dsn)
    counted = {t["name"]: t["rows"] for t in json.loads(exported.out)["tables"]}
    assert [(counted["pets"],)] == clinic.execute("SELECT count(*) FROM pets WHERE name <> '50%'")


def test_personal_columns_are_exported_only_when_asked_for(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    needed = exported(petrec, clinic, tmp_path / "needed")
    mapped = exported(petrec, clinic, tmp_path / "mapped", "--columns", "mapped")
    names = [{c["name"] for t in made["tables"] for c in t["columns"]} for made in (needed, mapped)]
    personal = {"name", "title", "original_filename"}
    assert not names[0] & personal
    assert personal <= names[1]


def test_only_the_owner_may_read_and_the_manifest_fits_the_files(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    made = exported(petrec, clinic, tmp_path / "lake")
    paths = [tmp_path / "lake", *(tmp_path / "lake").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths} == {0}
    for file in (file for table in made["tables"] for file in table["files"]):
        path = tmp_path / "lake" / file["path"]
        assert (path.stat().st_size, checksum(path)) == (file["size"], file["sha256"])
    assert not list((tmp_path / "lake").rglob("*.csv"))


def test_a_table_of_any_size_is_written_in_parts(tmp_path: Path) -> None:
    records = (f'"{number}","{"x" * 90}"\n'.encode() for number in range(5_000))
    with parquet_writer(part=100_000) as writer:
        files = writer.write(tmp_path / "big", {"id": "BIGINT", "text": "VARCHAR"}, records)
    assert len(files) == 5
    assert sum(file.rows for file in files) == 5_000


def test_an_existing_directory_and_a_failure_leave_everything_as_it_was(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    ended = petrec("export-tables", str(tmp_path / "lake"), dsn=clinic.dsn)
    assert ended.code == 2
    assert "already exists" in ended.err
    clinic.execute("ALTER TABLE pets ADD owner numeric; ALTER TABLE pets DROP owner_id")
    clinic.execute("ALTER TABLE pets RENAME owner TO owner_id")
    ended = petrec("export-tables", str(tmp_path / "other"), dsn=clinic.dsn)
    assert ended.code == 2
    assert "pets.owner_id is numeric" in ended.err
    assert {path.name for path in tmp_path.iterdir()} == {"lake"}
