"""Seeded states: the right action in each."""

import pytest

from tests.plugins.clean import clean
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

ON_PET = "FOREIGN KEY (pet_id) REFERENCES pets (id)"
IDLE = "ALTER TABLE recordings DISABLE TRIGGER ALL"
CHECK = "recordings_pet_id_not_null"


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("seed", "code"),
    [
        ("CREATE INDEX idx_recordings_pet_id ON recordings (status)", 2),
        (f"ALTER TABLE recordings ADD CONSTRAINT mine {ON_PET}", 2),
        (f"ALTER TABLE recordings ADD CONSTRAINT mine {ON_PET} ON DELETE CASCADE", 0),
        (f"ALTER TABLE recordings ADD CONSTRAINT m {ON_PET} ON DELETE CASCADE NOT VALID", 0),
        ("ALTER TABLE recordings ADD CONSTRAINT n NOT NULL pet_id NOT VALID", 0),
        ("ALTER TABLE recordings ALTER pet_id SET NOT NULL", 0),
        ("CREATE INDEX idx_recordings_pet_id ON recordings (pet_id)", 0),
        (f"ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id {ON_PET}", 2),
        ("ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id CHECK (id IS NOT NULL)", 2),
        (f"ALTER TABLE recordings ADD CONSTRAINT {CHECK} CHECK (pet_id IS NOT NULL) NOT VALID", 0),
        (f"ALTER TABLE recordings ADD CONSTRAINT {CHECK} CHECK (id IS NOT NULL)", 2),
        ("CREATE VIEW visits AS SELECT 1 AS one", 2),
        (f"ALTER TABLE recordings ADD CONSTRAINT k {ON_PET} ON DELETE CASCADE; {IDLE}", 2),
    ],
)
def test_what_is_there_is_taken_or_refused(
    petrec: Petrec, clinic: Database, seed: str, code: int
) -> None:
    clean(clinic).execute(seed)
    ended = petrec("constraints", "apply", "--yes", dsn=clinic.dsn)
    assert ended.code == code, ended.err
    made = "SELECT count(*) FROM pg_class WHERE relname = 'idx_recordings_appointment_pet'"
    assert clinic.execute(made) == [(int(code == 0),)]
    keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'pets'::regclass"
    keys += " AND conrelid = 'recordings'::regclass"
    assert clinic.execute(keys)[0][0] == 1 or code == 2


def test_an_invalid_index_is_built_anew(petrec: Petrec, clinic: Database) -> None:
    clean(clinic).execute("CREATE INDEX idx_recordings_pet_id ON recordings (pet_id)")
    clinic.execute("""UPDATE pg_index SET indisvalid = false
                      WHERE indexrelid = 'idx_recordings_pet_id'::regclass""")
    assert petrec("constraints", "apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_blocker_is_ended_when_asked(petrec: Petrec, clinic: Database) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.execute("SELECT count(*) FROM recordings")
    apply = ("constraints", "apply", "--yes", "--group", "required", "--lock-timeout", "5000")
    ended = petrec(*apply, "--cancel-blockers", dsn=clinic.dsn)
    assert (ended.code, "terminating" in ended.err) == (0, True), ended.err


def test_rollback_leaves_what_bears_another_name(petrec: Petrec, clinic: Database) -> None:
    held = f"ALTER TABLE recordings ADD CONSTRAINT mine {ON_PET} ON DELETE CASCADE NOT VALID"
    clean(clinic).execute(held)
    rollback = ("constraints", "rollback", "--yes", "--group", "required")
    assert petrec(*rollback, dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'mine'") == [
        (False,)
    ]
