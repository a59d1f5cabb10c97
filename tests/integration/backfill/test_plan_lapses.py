"""Lines of a plan that held when they were judged, and no longer when the run was planned."""

from pathlib import Path

import pytest

import petrec as api
from tests.integration.backfill.test_plan_file import CERTAIN, OTHERS
from tests.plugins.databases import Database

OTHER_PET = """
INSERT INTO appointment_pets (appointment_id, pet_id)
SELECT r.appointment_id, p.id FROM recordings r CROSS JOIN LATERAL (
    SELECT id FROM pets WHERE id NOT IN (
        SELECT pet_id FROM appointment_pets WHERE appointment_id = r.appointment_id) LIMIT 1) p
WHERE r.id::text = ANY (%s)
"""
PET_OF = """
SELECT min(l.pet_id::text) FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id WHERE r.id::text = %s
"""
ONE_PET = """
DELETE FROM appointment_pets l USING recordings r
WHERE r.id::text = %s AND l.appointment_id = r.appointment_id AND l.pet_id::text <> %s
"""


@pytest.mark.few(2)
@pytest.mark.parametrize(("lost", "gained"), [(1, 0), (3, 0), (1, 1), (1, 2)])
def test_lines_that_lapse_before_the_run_is_planned_are_counted(
    clinic: Database, tmp_path: Path, lost: int, gained: int
) -> None:
    certain, others = clinic.execute(CERTAIN)[:3], [one for (one,) in clinic.execute(OTHERS)]
    late = [(one, clinic.execute(PET_OF, (one,))[0][0]) for one in others[:gained]]
    path = tmp_path / "plan.csv"
    lines = "".join(f"{one},{pet}\n" for one, pet in [*late, *certain])
    path.write_text("recording_id,pet_id\n" + lines)

    def confirm(_: object) -> bool:
        clinic.execute(OTHER_PET, ([one for one, _ in certain[:lost]],))
        for each in late:
            clinic.execute(ONE_PET, each)
        return True

    told = api.apply_plan_file(api.connect(clinic.dsn), path, confirm=confirm)
    assert (told.planned, told.lapsed, told.is_clean) == (3, lost, False)
    assert (told.run.changed if told.run else 0) == 3 - lost + gained
    notes = told.document().notes
    assert any(f"{lost} lines no longer held when the run was planned" in each for each in notes)
    assert api.judge_plan_file(api.connect(clinic.dsn), path).judgement.others == lost
