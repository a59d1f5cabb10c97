"""Batches of an undo restore the rows that are as the run wrote them, and no others."""

from msgspec.structs import replace

from petrec.features.runs.batches.items import GONE
from petrec.features.runs.journal.store import change_state
from petrec.features.runs.run import RunState
from petrec.features.runs.undo.plan import plan_undo
from petrec.features.runs.undo.work import UndoWork
from tests.plugins.batches import ROW, Work

ROWS = """
SELECT i.seq, r.pet_id::text, r.updated_at::text, r.appointment_id::text
FROM petrec.plan_items i LEFT JOIN recordings r ON r.id = i.row_key[1]::uuid
WHERE i.seq <= 7 ORDER BY i.seq
"""
REASONS = [
    (2, "overtaken", "its pet has changed since"),
    (3, "overtaken", "its pet has been removed since"),
    (5, "overtaken", GONE),
]


def undo_of(work: Work) -> Work:
    """Plan the undo of a run, or of what is left of it."""
    with work.connection.begin():
        run = plan_undo(work.connection, work.run.id, work.run.target)
    undoing = UndoWork(work.work.schema)
    undoing.prepare(work.connection, run)
    work.connection.commit()
    return Work(work.clinic, work.connection, undoing, run)


def change(work: Work, seq: int, values: str) -> None:
    """Change a planned recording as an application would."""
    work.clinic.execute(f"UPDATE recordings SET {values} WHERE id = {ROW.format(seq=seq)}")


def test_rows_that_the_application_has_changed_since_are_skipped(work: Work) -> None:
    before = work.clinic.execute(ROWS)
    work.batch(7)
    change(work, 2, "pet_id = (SELECT id FROM pets p WHERE p.id <> pet_id ORDER BY 1 LIMIT 1)")
    change(work, 3, "pet_id = NULL")
    change(work, 4, "appointment_id = (SELECT max(id::text)::uuid FROM appointments)")
    change(work, 6, "updated_at = '2030-01-31'")
    work.clinic.execute(f"DELETE FROM recordings WHERE id = {ROW.format(seq=5)}")
    changed = work.clinic.execute(ROWS)
    undoing = undo_of(work)
    assert undoing.run.planned == 7
    assert undoing.batch(10).taken == 7
    assert undoing.recorded() == (1, 7, 4, 3, 0, 1, 7)
    assert undoing.skipped() == REASONS
    after = work.clinic.execute(ROWS)
    assert [after[n] for n in (0, 6)] == [before[n] for n in (0, 6)]
    assert [after[n] for n in (1, 2, 4)] == [changed[n] for n in (1, 2, 4)]
    # A moved recording stays where it is, and a later timestamp stays, too.
    assert after[3] == (*before[3][:3], changed[3][3])
    assert after[5] == (6, None, changed[5][2], before[5][3])


def test_a_second_undo_takes_what_the_first_one_left(work: Work) -> None:
    work.batch(6)
    first = undo_of(work)
    first.batch(2)
    with work.connection.begin():
        change_state(work.connection, first.run, RunState.ABANDONED)
    second = undo_of(work)
    assert (second.run.planned, second.page(9)) == (4, [3, 4, 5, 6])
    assert second.batch(3).taken == 3
    second.run = replace(second.run, cursor=0, pass_number=2)
    assert second.page(9) == [6]


def test_an_appointment_is_part_of_what_is_compared_where_a_trigger_changed_it(work: Work) -> None:
    work.batch(2)
    moved = """UPDATE petrec.changes SET old = old || '{"appointment_id": null}'"""
    work.clinic.execute(f"{moved}, new = new || jsonb_build_object('appointment_id', "
                        "(SELECT min(id::text) FROM appointments)) WHERE seq = 1")  # fmt: skip
    undoing = undo_of(work)
    assert undoing.run.target.also == ("appointment_id",)
    undoing.batch(2)
    assert undoing.skipped() == [(1, "overtaken", "its appointment has changed since")]
