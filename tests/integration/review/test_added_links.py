"""A decision may add the pet to the appointment; taken back, the link goes unless it is in use."""

import pytest

from tests.plugins.case_files import Row
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.votes import Give, linking

RELYING = {
    "recording": """UPDATE recordings SET appointment_id = '{0}', pet_id = '{1}' WHERE id =
        (SELECT id FROM recordings WHERE pet_id IS NOT NULL AND pet_id <> '{1}' LIMIT 1)""",
    "visit": "INSERT INTO visits VALUES (1, '{0}', '{1}')",
}
VISITS = """
CREATE TABLE visits (id int PRIMARY KEY, appointment_id uuid, pet_id uuid);
ALTER TABLE recordings ADD visit_id int;
"""


@pytest.mark.parametrize("relying", RELYING)
def test_an_added_pet_that_others_rely_on_stays(
    petrec: Petrec, give: Give, clinic: Database, cases: list[Row], relying: str
) -> None:
    rows = linking(cases)
    pair = (rows[0]["appointment_id"], rows[0]["pet_id"])
    linked = "SELECT count(*) FROM appointment_pets WHERE appointment_id = %s AND pet_id = %s"
    assert clinic.execute(linked, pair) == [(0,)]
    assert give(rows)[1]["run"]["changed"] == len(rows)
    assert clinic.execute(linked, pair) == [(1,)]
    clinic.execute(VISITS)
    clinic.execute(RELYING[relying].format(*pair))
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
