"""Tables that play two roles, and schemas of others."""

from pathlib import Path

from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.mappings import CLINIC, configure, counts, pets_of, remarks


def test_owners_of_different_types_are_not_compared(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    empty_database.execute(CLINIC)
    expected = counts(petrec, empty_database)
    empty_database.execute("ALTER TABLE pets ALTER owner_id TYPE text")
    assert counts(petrec, empty_database) == expected
    assert any("not compared: owners" in r for r in remarks(petrec, empty_database, "backfill"))
    assert petrec("review", "export", "cases.csv", dsn=empty_database.dsn).code in {0, 1}


def test_one_table_in_two_roles(petrec: Petrec, empty_database: Database, tmp_path: Path) -> None:
    """A rental is an appointment with its one pet."""
    empty_database.execute("""
        CREATE TABLE pets (id int PRIMARY KEY); INSERT INTO pets VALUES (1), (2);
        CREATE TABLE rental (id int PRIMARY KEY, pet_id int);
        INSERT INTO rental VALUES (10, 1), (20, 2), (30, NULL), (40, 9);
        CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int);
        INSERT INTO recordings VALUES (1, 10, NULL), (2, 20, 1), (3, 30, NULL), (4, 40, NULL),
            (5, 20, NULL)""")
    configure(
        tmp_path,
        '[mapping.tables]\nappointments = "rental"\nappointment_pets = "rental"\n'
        '[mapping.columns.appointment_pets]\nappointment_id = "id"',
    )
    found = {"missing_inferable": 2, "missing_no_pets": 2, "mismatched": 1}
    assert counts(petrec, empty_database) == found
    assert petrec("backfill", "--apply", "--yes", dsn=empty_database.dsn).code == 0
    assert pets_of(empty_database) == {1: 1, 2: 1, 3: None, 4: None, 5: 2}


def test_a_schema_petrec_of_another_application_is_named(
    petrec: Petrec, empty_database: Database
) -> None:
    theirs = "CREATE SCHEMA petrec; CREATE TABLE petrec.runs (id int, distance int);"
    empty_database.execute(CLINIC + theirs)
    before = pets_of(empty_database)
    assert petrec("audit", dsn=empty_database.dsn).code == 1
    assert petrec("backfill", dsn=empty_database.dsn).code == 0
    for command in ("backfill --apply --yes", "runs list", "runs undo 1 --yes"):
        ended = petrec(*command.split(), dsn=empty_database.dsn)
        assert (ended.code, "belongs to another application" in ended.err) == (2, True), ended.err
        assert "ALTER SCHEMA petrec RENAME" in ended.err, ended.err
    assert pets_of(empty_database) == before
