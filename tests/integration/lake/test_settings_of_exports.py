"""Exports are read with settings that fit them, and no others."""

import shutil
from pathlib import Path

from tests.integration.lake.test_audit_files import answers, export
from tests.plugins.command import Petrec
from tests.plugins.databases import Database


def test_an_export_of_recordings_of_visits_that_are_no_table_is_read(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute("ALTER TABLE recordings ADD visit_id uuid DEFAULT gen_random_uuid()")
    export(petrec, clinic)
    there = petrec("audit", "--format", "json", dsn=clinic.dsn)
    here = petrec("audit", "--format", "json", "--source", "lake")
    assert answers(here.out) == answers(there.out), here.err


def test_an_export_of_other_rows_than_the_settings_name_is_refused(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    config = tmp_path / "petrec.toml"
    for made, wanted in (("", "id IS NOT NULL"), ("id IS NOT NULL", ""), ("true", "true")):
        config.write_text(f'[mapping.where]\npets = "{made}"\n' if made else "")
        export(petrec, clinic)
        config.write_text(f'[mapping.where]\npets = "{wanted}"\n' if wanted else "")
        ended = petrec("audit", "--source", "lake")
        shutil.rmtree(tmp_path / "lake")
        if made == wanted:
            assert ended.code == 1, ended.err
            continue
        assert ended.code == 2
        assert "[mapping.where] names" in ended.err
        assert "pets where id IS NOT NULL" in ended.err
        assert "all pets" in ended.err


def test_two_tables_that_are_one_are_left_to_postgresql(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    """The table of the links is that of the appointments, of which some do not count."""
    clinic.execute("ALTER TABLE appointments ADD pet_id uuid REFERENCES pets")
    mapped = """
        [mapping.tables]
        appointment_pets = "appointments"
        [mapping.columns.appointment_pets]
        appointment_id = "id"
        """
    config = tmp_path / "petrec.toml"
    config.write_text(mapped)
    there = petrec("audit", "--format", "json", dsn=clinic.dsn)
    here = petrec("audit", "--format", "json", "--engine", "duckdb", dsn=clinic.dsn)
    assert answers(here.out) == answers(there.out), here.err
    export(petrec, clinic)
    of_files = petrec("audit", "--source", "lake")
    config.write_text(mapped + "[mapping.where]\nappointments = \"title <> 'x'\"\n")
    live = petrec("audit", "--engine", "duckdb", dsn=clinic.dsn)
    for refused in (of_files, live):
        assert refused.code == 2
        said = " ".join(refused.err.split())
        assert "are one table, which only PostgreSQL reads as both" in said
