"""What must be enforced is found by what it does, and its state is told."""

import json
from pathlib import Path

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.templates import DATA

WANTED = """
not_null = ["recordings(pet_id)"]
foreign_keys = ["recordings(pet_id) -> pets(id)",
  "recordings(pet_id, appointment_id) -> appointment_pets(pet_id, appointment_id)"]
unique = ["appointment_pets(pet_id, appointment_id)"]
indexes = ["recordings(pet_id)"]
names = ["fk_pet"]
"""
CLEAN = """
DELETE FROM recordings r WHERE pet_id IS NULL OR NOT EXISTS (
  SELECT FROM appointment_pets ap JOIN pets p ON p.id = ap.pet_id
  WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id)
"""
NAMES = ("not null", "foreign key", "foreign key", "unique", "index", "name")


def states(petrec: Petrec, dsn: str, code: int) -> list[str]:
    ended = petrec("validate", "--format", "json", dsn=dsn)
    assert ended.code == code, ended.err
    found = json.loads(ended.out)["expectations"]
    assert all(each["id"].startswith(name) for each, name in zip(found, NAMES, strict=True))
    return [each["state"] for each in found]


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    """Expectations named in the settings."""
    (tmp_path / "petrec.toml").write_text("[validate]\nexpect = 'wanted.toml'\n")
    (tmp_path / "wanted.toml").write_text(WANTED)
    return tmp_path / "wanted.toml"


def test_missing_invalid_and_valid(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster, wanted: Path
) -> None:
    clinic = database("clinic", any_cluster)
    m, i, v = "missing", "invalid", "valid"
    clinic.execute(CLEAN)
    assert states(petrec, clinic.dsn, 1) == [m, m, m, v, m, m]
    clinic.execute("""
        ALTER TABLE recordings
          ADD CONSTRAINT fk_pet FOREIGN KEY (pet_id) REFERENCES pets NOT VALID,
          ADD FOREIGN KEY (appointment_id, pet_id) REFERENCES appointment_pets NOT VALID;
        CREATE INDEX partial ON recordings (pet_id) WHERE status = 'uploaded';
        CREATE INDEX other_way ON recordings (created_at, pet_id)""")
    if any_cluster.major >= 18:
        clinic.execute("ALTER TABLE recordings ADD CONSTRAINT n NOT NULL pet_id NOT VALID")
    null = i if any_cluster.major >= 18 else m
    assert states(petrec, clinic.dsn, 1) == [null, i, i, v, m, i]
    clinic.execute("""
        ALTER TABLE recordings ALTER pet_id SET NOT NULL, VALIDATE CONSTRAINT fk_pet;
        ALTER TABLE recordings VALIDATE CONSTRAINT recordings_appointment_id_pet_id_fkey;
        CREATE INDEX under_another_name ON recordings (pet_id, created_at)""")
    assert states(petrec, clinic.dsn, 0) == [v] * 6
    clinic.execute("""
        UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'under_another_name'::regclass;
        ALTER TABLE recordings DISABLE TRIGGER ALL""")
    assert states(petrec, clinic.dsn, 1) == [v, i, i, v, i, i]
    ended = petrec("validate", "--format", "github", dsn=clinic.dsn)
    assert "index recordings(pet_id) is invalid (under_another_name)" in ended.out


def test_a_unique_index_counts_as_unique_and_a_hash_as_no_index(
    petrec: Petrec, clinic: Database, wanted: Path
) -> None:
    wanted.write_text("unique = ['recordings(id, s3_key)']\nindexes = ['recordings(pet_id)']")
    clinic.execute("CREATE INDEX hashed ON recordings USING hash (pet_id)")
    clinic.execute("CREATE INDEX not_unique ON recordings (s3_key, id)")
    found = json.loads(petrec("validate", "--format", "json", dsn=clinic.dsn).out)["expectations"]
    assert [each["state"] for each in found] == ["missing", "missing"]
    clinic.execute("CREATE UNIQUE INDEX no_constraint ON recordings (s3_key, id)")
    clinic.execute("CREATE INDEX descending ON recordings (pet_id DESC)")
    found = json.loads(petrec("validate", "--format", "json", dsn=clinic.dsn).out)["expectations"]
    assert [each["state"] for each in found] == ["valid", "valid"]


def test_logical_names_serve_every_mapping(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path
) -> None:
    source = DATA / "shapes" / "renamed.toml"
    (tmp_path / "petrec.toml").write_text(source.read_text())
    wanted = {"foreign_keys": ["appointment_pets(pet_id)->pets(id)"]}
    (tmp_path / "wanted.json").write_text(json.dumps(wanted))
    ended = petrec(
        "validate", "--expect", "wanted.json", "--format", "json", dsn=database("renamed").dsn
    )
    assert json.loads(ended.out)["expectations"][0]["state"] == "valid"


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "text",
    ["indexes = ['recordings']", "indexes = ['recording(pet_id)']", "indexs = []", "indexes = 1",
     "unique = ['recordings(pet)']", "foreign_keys = ['recordings(pet_id)']", "["],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    petrec: Petrec, clinic: Database, wanted: Path, text: str
) -> None:
    wanted.write_text(text)
    ended = petrec("validate", dsn=clinic.dsn)
    assert (ended.code, ended.out) == (2, "")
    assert "wanted.toml" in ended.err
    wanted.unlink()
    assert petrec("validate", dsn=clinic.dsn).code == 2
