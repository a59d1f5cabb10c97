"""The appointments that a batch locks need not be read again; what it cannot lock is judged."""

from typing import Any

import pytest

from petrec.features.backfill.work import BackfillWork
from petrec.features.runs.batches.work import Locked
from petrec.features.runs.batches.write import BatchWrite, Written
from petrec.postgres.preflight import load_schema
from petrec.settings import Mapping
from tests.plugins.batches import ROW, Work, planned
from tests.plugins.databases import Database

PLACE = "(SELECT appointment_id FROM recordings WHERE id = {row})"
# What may have happened since the plan, by the number of the row; the last does not matter.
CHANGES = {
    2: "UPDATE recordings SET appointment_id = NULL WHERE id = {row}",
    3: """UPDATE recordings SET appointment_id = (SELECT a.id FROM appointments a
          WHERE a.id <> appointment_id ORDER BY a.id LIMIT 1) WHERE id = {row}""",
    4: "DELETE FROM appointment_pets WHERE appointment_id = {place}",
    5: """INSERT INTO appointment_pets SELECT {place}, id FROM pets WHERE id NOT IN
          (SELECT pet_id FROM appointment_pets WHERE appointment_id = {place}) LIMIT 1""",
    6: """UPDATE appointment_pets SET pet_id = (SELECT p.id FROM pets p
          WHERE p.id <> appointment_pets.pet_id ORDER BY p.id LIMIT 1)
          WHERE appointment_id = {place}""",
    7: "UPDATE recordings SET pet_id = (SELECT id FROM pets LIMIT 1) WHERE id = {row}",
    8: "UPDATE recordings SET file_size_bytes = 1 WHERE id = {row}",
}
# What a first writing has done.
BACK = """
UPDATE recordings r SET pet_id = NULL FROM petrec.changes c WHERE r.id = c.row_key[1]::uuid;
DELETE FROM petrec.changes; DELETE FROM petrec.skips
"""
OUTCOME = """
SELECT seq, new ->> 'pet_id', strategy, NULL FROM petrec.changes
UNION ALL SELECT seq, NULL, NULL, reason FROM petrec.skips ORDER BY 1
"""
RIGHT = """
SELECT count(*) FROM petrec.changes c JOIN petrec.plan_items i USING (run_id, seq)
JOIN recordings r ON r.id = c.row_key[1]::uuid
WHERE r.pet_id = i.pet_id::uuid AND r.appointment_id::text IS NOT DISTINCT FROM i.appointment_id
"""


def test_locked_appointments_are_not_read(work: Work) -> None:
    statements = BatchWrite(work.work, work.run)
    assert "appointments" in str(statements.query)
    assert "public.appointments" not in str(statements.proven)
    assert locked(work, 1, 20) == Locked(list(range(1, 21)), proven=True)


def test_the_rows_are_judged_as_if_their_appointments_were_read(work: Work) -> None:
    for seq, change in CHANGES.items():
        alter(work, change, seq)
    known = outcome(work, proven=True)
    assert known == outcome(work, proven=False)
    assert [row[0] for row in known if row[3]] == [2, 3, 4, 5, 6, 7]
    assert work.execute(RIGHT) == [(14,)]


def test_an_appointment_that_is_gone_is_read_with_its_page(work: Work) -> None:
    alter(work, "DELETE FROM appointments WHERE id = {place}", 3)
    assert locked(work, 1, 8) == Locked(list(range(1, 9)), proven=False)
    work.batch(8)
    assert work.recorded()[:5] == (1, 8, 7, 1, 0)
    assert work.skipped() == [(3, "overtaken", "missing_dangling_appointment")]


@pytest.mark.parametrize("gone", [False, True])
def test_what_others_hold_is_put_off_beside_one_that_is_gone(work: Work, gone: bool) -> None:
    if gone:
        alter(work, "DELETE FROM appointments WHERE id = {place}", 3)
    with work.clinic.connect(autocommit=False) as other:
        held = PLACE.format(row=ROW.format(seq=2))
        other.execute(f"SELECT FROM appointments WHERE id = {held} FOR KEY SHARE")
        assert locked(work, 1, 4) == Locked([1, 3, 4], proven=not gone)
        work.batch(4)
    assert work.recorded()[:5] == (1, 4, 3 - gone, int(gone), 1)
    work.batch(4)
    assert work.recorded()[:5] == (1, 8, 7 - gone, int(gone), 1)


def test_a_lock_does_not_say_whether_an_appointment_counts(work: Work) -> None:
    counted = Mapping(where={"appointments": "status <> 'cancelled'"})
    work.work = BackfillWork(load_schema(work.connection, counted))
    work.connection.rollback()
    alter(work, "UPDATE appointments SET status = 'cancelled' WHERE id = {place}", 2)
    assert locked(work, 1, 4) == Locked([1, 2, 3, 4], proven=True)
    assert BatchWrite(work.work, work.run).proven is None
    work.batch(4)
    assert 2 in {seq for seq, *_ in work.skipped()}


def test_recordings_may_have_columns_with_the_names_of_items_and_keys(clinic: Database) -> None:
    clinic.execute(
        "ALTER TABLE recordings ADD petrec_item_seq int, ADD petrec_item_row_key text,"
        " ADD petrec_item__pet_id uuid DEFAULT gen_random_uuid(), ADD petrec_key_id text"
    )
    with planned(clinic) as work:
        work.batch(1000)
        assert work.recorded()[2:4] == (395, 0)
        assert work.execute(RIGHT) == [(395,)]


def alter(work: Work, change: str, seq: int) -> None:
    row = ROW.format(seq=seq)
    work.clinic.execute(change.format(row=row, place=PLACE.format(row=row)))


def locked(work: Work, first: int, last: int) -> Locked:
    """Lock a page, and let it go."""
    found = work.work.lock(work.connection, work.run, list(range(first, last + 1)))
    work.connection.rollback()
    return found


def outcome(work: Work, *, proven: bool) -> list[Any]:
    """Write a page by one of the two statements, from the same state."""
    page = list(range(1, 21))
    work.clinic.execute(BACK)
    with work.connection.begin():
        assert work.work.lock(work.connection, work.run, page).proven
        write = BatchWrite(work.work, work.run)
        done = write.write(work.connection, work.run, Locked(page, proven=proven))
        assert done == Written(14, 6)
    return work.clinic.execute(OUTCOME)
