"""`petrec init` writes settings that the other commands work with, and replaces no file."""

from collections.abc import Callable
from pathlib import Path

from tests.plugins.command import Petrec
from tests.plugins.databases import Database

CAMEL = """
ALTER TABLE recordings RENAME TO "Recording";
ALTER TABLE "Recording" RENAME COLUMN pet_id TO "petId";
ALTER TABLE "Recording" RENAME COLUMN appointment_id TO "appointmentId";
ALTER TABLE appointment_pets RENAME TO booked;
ALTER TABLE booked RENAME COLUMN pet_id TO animal;
CREATE SCHEMA other; CREATE TABLE other.pets (id int);
"""


def test_settings_found_in_the_catalog_give_the_same_audit(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    before = petrec("audit", "--format", "csv", dsn=clinic.dsn).out
    clinic.execute(CAMEL)
    assert petrec("audit", dsn=clinic.dsn).code == 2
    written = petrec("init", dsn=clinic.dsn)
    assert written.code == 0, written.err
    assert petrec("audit", "--format", "csv", dsn=clinic.dsn).out == before
    assert petrec("doctor", dsn=clinic.dsn).code == 0


def test_what_is_unclear_is_named_and_can_be_said(
    petrec: Petrec, database: Callable[..., Database], tmp_path: Path
) -> None:
    renamed = database("renamed")
    asked = petrec("init", "--schema", "vet data", dsn=renamed.dsn)
    assert (asked.code, "--map recordings=NAME" in asked.err) == (1, True)
    assert '# recordings = one of: "Audio Files"' in (tmp_path / "petrec.toml").read_text()


def test_files_that_are_there_are_kept(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text("mine")
    refused = petrec("init", "--with", "alerts", "--with", "systemd", dsn=clinic.dsn)
    assert (refused.code, "alerts.yml" in refused.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["alerts.yml"]
    assert petrec("init", "--with", "alerts", "--force", dsn=clinic.dsn).code == 0
    assert "groups:" in (tmp_path / "alerts.yml").read_text()


def test_a_name_that_petrec_does_not_know_is_refused(petrec: Petrec, clinic: Database) -> None:
    for text in ("animals=pets", "pets.colour=c", "pets"):
        assert petrec("init", "--map", text, dsn=clinic.dsn).code == 2
