"""A plan of any length: constant memory, and a kill in the middle loses and repeats nothing."""

from pathlib import Path

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import MakeDatabase
from tests.plugins.memory import peak_kib
from tests.plugins.runs import changed
from tests.plugins.waiting import until

MANY = """
INSERT INTO recordings SELECT (jsonb_populate_record(
    r, jsonb_build_object('id', 1000000 + n, 'appointment_id', a.id, 'pet_id', NULL))).*
FROM (SELECT * FROM recordings LIMIT 1) r,
     (SELECT row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS of_all, id
      FROM appointments WHERE 1 = (
          SELECT count(*) FROM appointment_pets l WHERE l.appointment_id = appointments.id)) a,
     generate_series(1, {0}) n
WHERE n % a.of_all = a.place
"""
PLAN = """
SELECT r.id, l.pet_id FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id WHERE r.id > 1000000 ORDER BY r.id
"""
WRITTEN = "SELECT id, pet_id FROM recordings WHERE id > 1000000 ORDER BY id"


def absent(path: Path, lines: int) -> None:
    """Write a plan of recordings that do not exist."""
    rows = (f"{number},7\n" for number in range(10**6, 10**6 + lines))
    path.write_text("recording_id,pet_id\n" + "".join(rows))


@pytest.mark.parametrize("lines", [30_000, pytest.param(400_000, marks=pytest.mark.full)])
def test_memory_does_not_grow_with_the_lines(
    database: MakeDatabase, tmp_path: Path, lines: int
) -> None:
    dsn = database("integer_ids").dsn
    peaks = []
    for count in (lines // 10, lines):
        absent(tmp_path / "plan.csv", count)
        peaks.append(peak_kib(tmp_path, dsn, "backfill", "--plan", "plan.csv", "-q", code=1))
    few, many = peaks
    assert many < few + 8 * 1024


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_a_killed_plan_of_many_lines_is_finished_and_undone(
    database: MakeDatabase, petrec: Petrec, spawn: Spawn, tmp_path: Path
) -> None:
    made = database("integer_ids")
    made.execute(MANY.format(200_000))
    before, planned = made.checksum(), made.execute(PLAN)
    assert len(planned) == 200_000
    lines = "".join(f"{one},{pet}\n" for one, pet in planned)
    (tmp_path / "plan.csv").write_text(f"recording_id,pet_id\n{lines}")
    words = ("backfill", "--plan", "plan.csv", "--apply", "--yes", "-q")
    process = spawn(*words, dsn=made.dsn)
    until(lambda: process.poll() is not None or changed(made) > 40_000, within_s=600)
    assert process.poll() is None
    process.kill()
    process.wait()
    middle = changed(made)
    assert 40_000 < middle < 200_000
    told = petrec("backfill", "--plan", "plan.csv", dsn=made.dsn)
    assert "run 1 is unfinished: it is resumed" in " ".join(told.out.split())
    assert petrec(*words, dsn=made.dsn).code == 0
    assert made.execute(WRITTEN) == planned
    assert made.execute("SELECT id, state, changed FROM petrec.runs") == [(1, "done", 200_000)]
    assert changed(made) == 200_000
    assert petrec("runs", "undo", "1", "--yes", dsn=made.dsn).code == 0
    assert made.checksum() == before
