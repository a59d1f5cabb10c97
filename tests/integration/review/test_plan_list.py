"""`review import --plan`: what is to change, as a list that somebody signs."""

from pathlib import Path

from tests.plugins.case_files import Row, candidates, decide, read_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database


def _decision(row: Row) -> dict[str, str]:
    leaves = row["kind"] == "dangling_pet"
    return {"decision": "leave" if leaves else "1", "reviewer": "Ada", "note": f"n {row['kind']}"}


def test_the_list_says_of_every_decision_what_it_changes(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    for kind in ("mismatched", "missing_no_pets", "dangling_pet"):
        petrec("review", "export", f"{kind}.csv", "--kind", kind, dsn=clinic.dsn)
        decide(tmp_path / f"{kind}.csv", _decision)
    files = ("mismatched.csv", "missing_no_pets.csv", "dangling_pet.csv")
    planned = petrec("review", "import", *files, "--plan", "plan.csv", dsn=clinic.dsn)
    assert planned.code == 0, planned.out + planned.err
    exported = [row for name in files for row in read_csv(tmp_path / name)]
    names = {row[0]: row[1] for row in clinic.execute("SELECT id::text, name FROM pets")}
    listed = {row["recording_id"]: row for row in read_csv(tmp_path / "plan.csv")}
    assert listed.keys() == {row["recording_id"] for row in exported}
    for row in exported:
        _, _, pet, place = candidates(row)[0]
        if row["decision"] == "leave":
            pet, place = row["pet_id"], row["appointment_id"]
        line = listed[row["recording_id"]]
        assert (line["old_pet_id"], line["new_pet_id"]) == (row["pet_id"], pet)
        assert line["new_appointment_id"] == (place or "")
        assert line["new_pet"].lstrip("'") == names.get(pet, "")
        assert (line["reviewer"], line["reason"]) == ("Ada", row["note"])
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_an_older_list_is_kept(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("signed")
    petrec("review", "export", "cases.csv", "--kind", "missing_no_pets", dsn=clinic.dsn)
    decide(tmp_path / "cases.csv")
    petrec("review", "import", "cases.csv", "--plan", "plan.csv", dsn=clinic.dsn)
    assert (tmp_path / "plan.csv.bak-1").read_text() == "signed"
