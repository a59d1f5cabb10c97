"""Databases that do not hold UTF-8, and columns with awkward names."""

import subprocess
from collections.abc import Callable

import psycopg
import pytest

from tests.plugins.binaries import client_program
from tests.plugins.command import Petrec
from tests.plugins.databases import Database


@pytest.fixture
def recoded(clinic: Database) -> Callable[[str], Database]:
    """The clinic in a database of another encoding."""

    def make(encoding: str) -> Database:
        name = f"{clinic.name}_{encoding.lower()}"
        with psycopg.connect(clinic.cluster.dsn(), autocommit=True) as admin:
            admin.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"
                " LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        keep = "UPDATE recordings SET transcript_text = 'caf\u00e9', original_filename = 'a'"
        clinic.execute(keep)
        clinic.execute("UPDATE pets SET name = 'Ren\u00e9'")
        clinic.execute("UPDATE appointments SET title = 'a', notes = 'b'")
        dump = subprocess.run(
            [str(client_program("pg_dump")), clinic.dsn], capture_output=True, check=True
        )
        psql = [str(client_program("psql")), "-qX", "-d", clinic.cluster.dsn(name)]
        subprocess.run(psql, input=dump.stdout, capture_output=True, check=True)
        return Database(clinic.cluster, name)

    return make


def bad_cells_only(petrec: Petrec, database: Database) -> None:
    """Audit and plan work, and the rows for people lose no more than the cells that are no text."""
    assert petrec("audit", dsn=database.dsn).code == 1
    assert petrec("backfill", dsn=database.dsn).code == 0
    applied = petrec("backfill", "--apply", "--yes", "--export", "rest.csv", dsn=database.dsn)
    assert applied.code in {0, 1}, applied.err
    listed = petrec("backfill", "--apply", "--yes", "--export", "/dev/stdout", dsn=database.dsn)
    assert listed.out.count("(not valid UTF-8)") == 160
    assert "Ren\u00e9" in listed.out


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_databases_in_other_encodings_are_repaired(
    petrec: Petrec, recoded: Callable[[str], Database], encoding: str
) -> None:
    database = recoded(encoding)
    try:
        listed = petrec("audit", "--rows", "mismatched", dsn=database.dsn)
        assert listed.out.count("caf\u00e9") == 100
        assert petrec("backfill", "--apply", "--yes", dsn=database.dsn).code == 0
        assert database.execute("SELECT count(*) FROM petrec.changes") == [(395,)]
        assert petrec("runs", "undo", "1", "--yes", dsn=database.dsn).code == 0
        if encoding == "SQL_ASCII":
            invalid = "UPDATE recordings SET transcript_text = E'caf\\351'"
            with psycopg.connect(database.dsn, client_encoding="SQL_ASCII") as raw:
                raw.execute(invalid)
            ended = petrec("audit", "--rows", "mismatched", "-o", "rows.csv", dsn=database.dsn)
            assert (ended.code, "invalid byte sequence" in ended.err) == (3, True)
            bad_cells_only(petrec, database)
    finally:
        with psycopg.connect(database.cluster.dsn(), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {database.name} WITH (FORCE)")


def test_awkward_column_names_are_listed_and_repaired(petrec: Petrec, clinic: Database) -> None:
    for name in ("id (unmapped)", "100%", 'we""ird', "%(x)s", "petrec kind"):
        clinic.execute(f'ALTER TABLE recordings ADD COLUMN "{name}" int DEFAULT 7')
    header = petrec("audit", "--rows", "mismatched", dsn=clinic.dsn).out.splitlines()[0]
    for name in ("id (unmapped)", "100%", "%(x)s", "petrec kind"):
        assert name in header.split(",")
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM petrec.changes") == [(395,)]
