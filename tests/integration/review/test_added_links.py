"""A decision may add the pet to the appointment; taken back, the link goes unless it is in use."""

from tests.plugins.case_files import Row
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.votes import Give, linking


def test_an_added_pet_that_others_rely_on_stays(
    petrec: Petrec, give: Give, clinic: Database, cases: list[Row]
) -> None:
    row = linking(cases)[0]
    pair = (row["appointment_id"], row["pet_id"])
    linked = "SELECT count(*) FROM appointment_pets WHERE appointment_id = %s AND pet_id = %s"
    assert clinic.execute(linked, pair) == [(0,)]
    assert give([row])[1]["run"]["changed"] == 1
    assert clinic.execute(linked, pair) == [(1,)]
    clinic.execute(
        "UPDATE recordings SET appointment_id = %s, pet_id = %s WHERE id = "
        "(SELECT id FROM recordings WHERE pet_id IS NOT NULL AND id <> %s LIMIT 1)",
        (*pair, row["recording_id"]),
    )
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute(linked, pair) == [(1,)]


def test_an_added_pet_that_nobody_relies_on_goes(
    petrec: Petrec, give: Give, clinic: Database, cases: list[Row]
) -> None:
    before = clinic.execute("SELECT * FROM appointment_pets ORDER BY 1, 2")
    rows = linking(cases)
    assert give(rows)[1]["run"]["changed"] == len(rows) > 1
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT * FROM appointment_pets ORDER BY 1, 2") == before
    actions = "SELECT action FROM petrec.links ORDER BY run_id"
    assert {action for (action,) in clinic.execute(actions)} == {"added", "present", "removed"}


def test_a_link_satisfies_a_composite_key(
    petrec: Petrec, give: Give, clinic: Database, cases: list[Row]
) -> None:
    clinic.execute(
        "ALTER TABLE recordings ADD FOREIGN KEY (appointment_id, pet_id)"
        " REFERENCES appointment_pets (appointment_id, pet_id) NOT VALID"
    )
    assert give(linking(cases)[:1])[1]["run"]["changed"] == 1
