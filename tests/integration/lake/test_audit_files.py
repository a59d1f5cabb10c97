"""An audit of an export says what an audit of its database says."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

import petrec as api
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase, databases
from tests.plugins.templates import DATA, SHAPES

OF_THE_ENGINE = ("engine", "server_version", "taken_at", "remarks", "database")


def options_of(database: Database) -> tuple[str, ...]:
    if database.shape != "renamed":
        return ()
    return ("--config", str(DATA / "shapes" / "renamed.toml"))


def export(petrec: Petrec, database: Database, *options: str) -> str:
    arguments = ("export-tables", "lake", "--quiet", *options_of(database), *options)
    ended = petrec(*arguments, dsn=database.dsn)
    assert ended.code == 0, ended.err
    return "lake"


def answers(text: str) -> dict[str, Any]:
    found = json.loads(text)
    return {name: value for name, value in found.items() if name not in OF_THE_ENGINE}


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_rows_and_fingerprints_are_those_of_the_database(
    petrec: Petrec, database: MakeDatabase, shape: str
) -> None:
    clinic = database(shape)
    options = options_of(clinic)
    export(petrec, clinic)
    there = petrec("audit", "--format", "json", *options, dsn=clinic.dsn)
    here = petrec("audit", "--format", "json", "--source", "lake", *options)
    assert here.code == there.code, here.err
    assert answers(here.out) == answers(there.out)
    made = petrec("validate", "--baseline", "known", "--update-baseline", *options, dsn=clinic.dsn)
    assert made.code == 0, made.err
    checked = petrec("validate", "--baseline", "known", "--source", "lake", *options)
    assert checked.code == 0, checked.err


def test_rows_of_each_kind_are_those_of_the_database(petrec: Petrec, clinic: Database) -> None:
    export(petrec, clinic, "--columns", "mapped")
    for kind in ("missing_ambiguous", "missing_inferable", "mismatched"):
        for form in ("csv", "jsonl"):
            said = ("audit", "--rows", kind, "--format", form)
            there = petrec(*said, dsn=clinic.dsn)
            here = petrec(*said, "--source", "lake")
            assert here.code == there.code == 1, here.err
            wanted = rows_of(there.out, form)
            found = rows_of(here.out, form)
            names = set(found[0])
            assert {"petrec_kind", "petrec_appointment_pets", "petrec_certain_pet"} < names
            assert {"id", "created_at", "status"} < names
            for mine, theirs in zip(found, wanted, strict=True):
                assert mine == {name: theirs[name] for name in names}


def rows_of(text: str, form: str) -> list[dict[str, Any]]:
    lines = text.splitlines()
    rows = list(map(json.loads, lines) if form == "jsonl" else csv.DictReader(lines))
    for row in rows:
        # PostgreSQL lists the pets in no order where a key says that they are listed once.
        row["petrec_appointment_pets"] = sorted(row["petrec_appointment_pets"] or "")
    return sorted(rows, key=lambda row: str(row["id"]))


def test_a_new_finding_fails_by_the_baseline_of_the_files(petrec: Petrec, clinic: Database) -> None:
    export(petrec, clinic)
    made = petrec("validate", "--baseline", "known", "--update-baseline", "--source", "lake")
    assert made.code == 0, made.err
    found = "(SELECT min(id::text)::uuid FROM recordings WHERE pet_id IS NOT NULL)"
    clinic.execute(f"UPDATE recordings SET pet_id = gen_random_uuid() WHERE id = {found}")
    there = petrec("validate", "--baseline", "known", dsn=clinic.dsn)
    assert there.code == 1
    assert "new since the baseline" in there.out
    with_window = petrec("validate", "--since", "52w", "--source", "lake", "--allow-empty")
    assert with_window.code in {0, 1}, with_window.err


def test_a_report_of_files_has_examples_and_continues_the_history(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    export(petrec, clinic, "--columns", "mapped")
    first = petrec("report", "--json", "a.json", "--fail-level", "never", dsn=clinic.dsn)
    assert first.code == 0, first.err
    again = petrec(
        "report",
        "--json",
        "b.json",
        "--fail-level",
        "never",
        "--source",
        "lake",
        "--html",
        "b.html",
        "--email",
        "b.mail",
    )
    assert again.code == 0, again.err
    page = (tmp_path / "b.html").read_text()
    assert "<code>petrec audit --source lake --rows missing_ambiguous</code>" in page
    assert "Refused: pet not in appointment" not in page
    assert "requests refused" not in (tmp_path / "b.mail").read_text()
    assert f"Files of public.recordings in {clinic.name}, DuckDB" in page
    refused = petrec("report", "--record", "--source", "lake", dsn=clinic.dsn)
    assert refused.code == 2
    assert "omit --source" in refused.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lake: (lake / "pets" / "part-00000.parquet").unlink(), "cannot be read"),
        (lambda lake: spoil(lake / "pets" / "part-00000.parquet"), "its content has changed"),
        (lambda lake: (lake / "manifest.json").write_text("{"), "is not a manifest"),
        (lambda lake: edited(lake, '"petrec_export": 1', '"petrec_export": 2'), "another version"),
        (lambda lake: edited(lake, '"taken_at": "', '"taken_at": "x'), "Invalid isoformat"),
        (lambda lake: edited(lake, '"rows": 500,', '"rows": 501,', 1), "do not have its 501 rows"),
        (lambda lake: edited(lake, '"pets/part', '"appointments/part'), "is not a file of pets"),
        (lambda lake: without_manifest(lake, "pets"), "has no files of table pets"),
        (lambda lake: spoil(without_manifest(lake) / "pets" / "part-00000.parquet"), "complete"),
        (lambda lake: renamed(lake, "pets", "animals"), "has no column id"),
        (lambda lake: renamed(lake, "pets", "id", "0.5"), "cannot identify a row"),
        (lambda lake: renamed(lake, "pets", "id", "7"), "write both as integers"),
        (lambda lake: with_column(lake, "visit_id"), "no files of table visits"),
    ],
)
def test_files_that_do_not_fit_are_refused_by_name(
    petrec: Petrec, made_once: Path, tmp_path: Path, change: Any, message: str
) -> None:
    shutil.copytree(made_once, tmp_path / "lake")
    change(tmp_path / "lake")
    ended = petrec("audit", "--source", "lake")
    assert ended.code in {2, 3}
    assert message in ended.err
    assert re.search(r"pets|visits|manifest\.json", ended.err)


@pytest.fixture(scope="module")
def made_once(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made") / "lake"
    with databases(cluster) as make:
        api.export_tables(api.connect(make().dsn), directory)
    return directory


def edited(lake: Path, old: str, new: str, times: int = -1) -> None:
    manifest = lake / "manifest.json"
    manifest.write_text(manifest.read_text().replace(old, new, times))


def spoil(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-5] + b"x" * 5)


def without_manifest(lake: Path, table: str = "") -> Path:
    (lake / "manifest.json").unlink()
    if table:
        shutil.rmtree(lake / table)
    return lake


def renamed(lake: Path, table: str, column: str, value: str = "'a'") -> None:
    shutil.rmtree(without_manifest(lake) / table)
    with duckdb.connect() as connection:
        made = connection.query(f"SELECT CAST({value} AS {kind_of(value)}) AS {column}")
        made.write_parquet(str(lake / f"{table}.parquet"))


def with_column(lake: Path, name: str) -> None:
    of = without_manifest(lake) / "recordings"
    with duckdb.connect() as connection:
        made = connection.query(f"SELECT *, id AS {name} FROM '{of}/*.parquet'")
        made.write_parquet(str(lake / "recordings.parquet"))
    shutil.rmtree(of)


def kind_of(value: str) -> str:
    return {"0.5": "DOUBLE", "7": "BIGINT"}.get(value, "VARCHAR")


@pytest.mark.parametrize(
    "said",
    [
        ("audit", "--trust-constraints"),
        ("audit", "--dsn", "postgresql://elsewhere/clinic"),
        ("audit", "--by", "app_version"),
        ("validate", "--expect", "expect.toml"),
    ],
)
def test_what_files_cannot_answer_is_refused(
    petrec: Petrec, made_once: Path, tmp_path: Path, said: tuple[str, ...]
) -> None:
    (tmp_path / "expect.toml").write_text('names = ["recordings_pkey"]\n')
    ended = petrec(*said, "--source", str(made_once))
    assert ended.code == 2, ended.err
    assert "Error" not in ended.err
