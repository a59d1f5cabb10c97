"""Keys that are valid by the catalog, with rows that break them: rows decide, unless trusted."""

from pathlib import Path

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.mappings import CLINIC, counts, pets_of, remarks

KEYED = (
    CLINIC
    + """
ALTER TABLE recordings ADD FOREIGN KEY (appointment_id, pet_id)
    REFERENCES appointment_pets (appointment_id, pet_id) NOT VALID;
"""
)
# What breaks each key: the statement, and the kinds that change by it.
BROKEN = {
    "recordings.pet": "UPDATE recordings SET pet_id = 99 WHERE id = 103",
    "recordings.appointment": "UPDATE recordings SET appointment_id = 99 WHERE id IN (102, 103)",
    "links.pet": "UPDATE appointment_pets SET pet_id = 99 WHERE appointment_id IN (20, 40)",
    "links.appointment": "DELETE FROM appointments WHERE id IN (10, 40)",
    "visits.pet": "UPDATE visits SET pet_id = 99 WHERE id IN (7, 9)",
    "recordings.visit": "DELETE FROM visits",
    "membership": "DELETE FROM appointment_pets WHERE appointment_id = 20",
    "pets": "DELETE FROM pets WHERE id IN (1, 3)",
}
OFF = {
    "replica": ("SET session_replication_role = replica;", ""),
    "triggers": (
        "".join(f"ALTER TABLE {t} DISABLE TRIGGER ALL;" for t in
                ("pets", "appointments", "appointment_pets", "visits", "recordings")),
        "".join(f"ALTER TABLE {t} ENABLE TRIGGER ALL;" for t in
                ("pets", "appointments", "appointment_pets", "visits", "recordings")),
    ),
}  # fmt: skip
KEYS_OFF = """
DO $$ DECLARE k record; BEGIN FOR k IN
    SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.t, k.conname); END LOOP; END $$
"""


@pytest.mark.few(2)
@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_key_is_found_and_nothing_is_written_by_it(
    petrec: Petrec, database: MakeDatabase, broken: str, off: str
) -> None:
    """The same rows without any key are judged alike, and get the same pets."""
    keyed, keyless = database("empty"), database("empty")
    before, after = OFF[off]
    for one in (keyed, keyless):
        one.execute(KEYED)
        one.execute(before + BROKEN[broken] + ";" + after)
    keyless.execute(KEYS_OFF)
    assert counts(petrec, keyed) == counts(petrec, keyless)
    for one in (keyed, keyless):
        assert petrec("backfill", "--apply", "--yes", dsn=one.dsn).code in {0, 1}
    assert pets_of(keyed) == pets_of(keyless)
    given = {pet for pet in pets_of(keyed).values() if pet is not None}
    known = {row[0] for row in keyed.execute("SELECT id FROM pets")}
    assert given - known <= {99, 1, 3, 4}
    newly = keyed.execute("SELECT (new ->> 'pet_id')::int FROM petrec.changes")
    assert {pet for (pet,) in newly} <= known


def test_trust_is_asked_for_and_said(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    empty_database.execute(CLINIC)
    empty_database.execute(OFF["replica"][0] + BROKEN["links.pet"])
    rows = counts(petrec, empty_database)
    trusting = counts(petrec, empty_database, "--trust-constraints")
    assert trusting["missing_inferable"] > rows.get("missing_inferable", 0)
    for command in ("audit", "validate", "report --no-history"):
        said = remarks(petrec, empty_database, *command.split(), "--trust-constraints")
        assert any(remark.startswith("foreign keys are trusted") for remark in said)
    (tmp_path / "petrec.toml").write_text("[audit]\ntrust_constraints = true\n")
    assert counts(petrec, empty_database) == trusting
    assert not any("trusted" in r for r in remarks(petrec, empty_database, "backfill"))
    assert petrec("backfill", "--apply", "--yes", dsn=empty_database.dsn).code in {0, 1}
    assert 99 not in pets_of(empty_database).values()


@pytest.mark.matrix
def test_a_key_to_another_schema_proves_nothing(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    made = database("empty", any_cluster)
    made.execute(
        CLINIC
        + """
        CREATE SCHEMA archive; CREATE TABLE archive.pets (id int PRIMARY KEY);
        INSERT INTO archive.pets VALUES (1), (2), (3), (4), (99);
        ALTER TABLE recordings DROP CONSTRAINT recordings_pet_id_fkey,
            ADD FOREIGN KEY (pet_id) REFERENCES archive.pets;
        UPDATE recordings SET pet_id = 99 WHERE id = 103"""
    )
    for trust in ((), ("--trust-constraints",)):
        assert counts(petrec, made, *trust)["dangling_pet"] == 1
