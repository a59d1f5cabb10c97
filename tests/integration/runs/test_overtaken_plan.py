"""The application goes on between plan and batches: a row is judged by what is so by then."""

import random

import psycopg
import pytest

from petrec.features.runs.batches.batch import next_pass
from petrec.features.runs.batches.items import GONE
from tests.plugins.batches import Work, planned
from tests.plugins.cluster import Cluster
from tests.plugins.databases import MakeDatabase

# Half of the recordings without a pet have a visit: two thirds of them to the appointment, if it
# exists, and of one of its pets, if it has any. A visit may go while a recording names it.
VISITS = """
ALTER TABLE recordings DROP CONSTRAINT recordings_visit_id_fkey;
INSERT INTO visits (id, pet_id, appointment_id, visit_date, visit_type, created_by)
SELECT md5(r.id::text)::uuid, coalesce(
         (SELECT min(l.pet_id::text)::uuid FROM appointment_pets l
          WHERE l.appointment_id = r.appointment_id), (SELECT min(p.id::text)::uuid FROM pets p)),
       (SELECT a.id FROM appointments a WHERE a.id = r.appointment_id AND number % 3 > 0),
       now(), 'first', (SELECT min(u.id::text)::uuid FROM users u)
FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM recordings
      WHERE pet_id IS NULL) AS r WHERE number % 2 = 0;
UPDATE recordings r SET visit_id = v.id FROM visits v WHERE v.id = md5(r.id::text)::uuid
"""
# What happens to each row of the plan, with another pet and another appointment for it.
EVENTS = """
CREATE TABLE events AS
SELECT event, r.id, i.pet_id::uuid AS pet, r.appointment_id AS place, r.visit_id AS visit,
       other_pet, other_place
FROM unnest(%s::text[], %s::uuid[], %s::uuid[]) WITH ORDINALITY
     AS drawn (event, other_pet, other_place, seq)
JOIN petrec.plan_items i USING (seq) JOIN recordings r ON r.id = i.row_key[1]::uuid
"""
MOVE = "UPDATE recordings r SET appointment_id = e.other_place FROM {events} WHERE r.id = e.id"
JOIN = """INSERT INTO appointment_pets SELECT a.id, p.id FROM {events} JOIN appointments a
          ON a.id = e.place JOIN pets p ON p.id = e.other_pet ON CONFLICT DO NOTHING"""
HAPPENED = {
    "cancelled": "DELETE FROM appointments a USING {events} WHERE a.id = e.place",
    "died": "DELETE FROM pets p USING {events} WHERE p.id = e.pet",
    "deleted": "DELETE FROM recordings r USING {events} WHERE r.id = e.id",
    "moved": MOVE,
    "out": "UPDATE recordings r SET appointment_id = NULL FROM {events} WHERE r.id = e.id",
    "left": "DELETE FROM appointment_pets l USING {events} WHERE l.appointment_id = e.place",
    "joined": JOIN,
    "swapped": """UPDATE visits v SET pet_id = p.id FROM {events} JOIN pets p ON p.id = e.other_pet
                  WHERE v.id = e.visit""",
    "elsewhere": """UPDATE visits v SET appointment_id = a.id FROM {events}
                    LEFT JOIN appointments a ON a.id = e.other_place WHERE v.id = e.visit""",
    "unvisited": "DELETE FROM visits v USING {events} WHERE v.id = e.visit",
}
# What another session has begun.
BEGUN = {
    "holds": "SELECT FROM appointments a JOIN {events} ON a.id = e.place FOR KEY SHARE OF a",
    "joins": JOIN,
    "moves": MOVE,
}
# The pet that is certain of each row now, or else its kind, by the rules written once more; and the
# planned pet.
NOW = """
SELECT i.seq, CASE WHEN r.id IS NULL THEN 'gone'
  WHEN r.appointment_id IS DISTINCT FROM i.appointment_id::uuid THEN 'moved'
  WHEN r.appointment_id IS NOT NULL AND a.id IS NULL THEN 'missing_dangling_appointment'
  WHEN v.appointment_id <> a.id OR v.pet_id <> ALL (l.pets)
    OR (v.pet_id IS NOT NULL AND a.id IS NOT NULL AND l.pets IS NULL) THEN 'visit_conflict'
  WHEN v.pet_id IS NOT NULL THEN v.pet_id::text
  WHEN a.id IS NULL THEN 'missing_no_appointment'
  WHEN l.pets IS NULL THEN 'missing_no_pets'
  WHEN cardinality(l.pets) > 1 THEN 'missing_ambiguous'
  ELSE l.pets[1]::text END, i.pet_id
FROM petrec.plan_items i LEFT JOIN recordings r ON r.id = i.row_key[1]::uuid
LEFT JOIN appointments a ON a.id = r.appointment_id LEFT JOIN visits v ON v.id = r.visit_id
LEFT JOIN LATERAL (SELECT array_agg(pet_id) AS pets FROM appointment_pets
                   WHERE appointment_id = a.id) AS l ON true
"""
HELD = """
SELECT i.seq FROM petrec.plan_items i JOIN recordings r ON r.id = i.row_key[1]::uuid
JOIN appointments a ON a.id = i.appointment_id::uuid
WHERE a.id IN (SELECT place FROM events WHERE event = 'holds')
"""
REASONS = {"gone": GONE, "moved": "the recording has moved to another appointment"}
DONE = """
SELECT seq, coalesce(c.new ->> 'pet_id', s.reason)
FROM petrec.changes c FULL JOIN petrec.skips s USING (seq)
"""
UNLIKE = """
SELECT c.seq FROM petrec.changes c JOIN recordings r ON r.id = c.row_key[1]::uuid
WHERE r.pet_id::text IS DISTINCT FROM c.new ->> 'pet_id'
"""


@pytest.mark.few(2)
@pytest.mark.parametrize("seed", range(8))
def test_each_row_gets_the_pet_that_is_still_certain_or_the_reason_why_not(
    database: MakeDatabase, any_cluster: Cluster, seed: int
) -> None:
    clinic, chance = database("with_visits", any_cluster), random.Random(seed)
    clinic.execute(VISITS)
    with planned(clinic) as work, clinic.connect(autocommit=False) as other:
        happen(work, other, chance)
        expected = judged(work)
        write_pass(work, chance)
        first = done(work)
        assert first == {seq: expected[seq] for seq in first}
        assert work.run.deferred == work.run.planned - len(first)
        assert {seq for (seq,) in work.execute(HELD)}.isdisjoint(first)
        other.commit()
        expected = judged(work)
        work.run = next_pass(work.connection, work.run)
        write_pass(work, chance)
        rest = {seq: each for seq, each in done(work).items() if seq not in first}
        assert rest == {seq: expected[seq] for seq in expected if seq not in first}
        assert work.execute(UNLIKE) == []


def happen(work: Work, other: psycopg.Connection, chance: random.Random) -> None:
    """Let something happen to half of the rows, and something begin in another session."""
    pets, places = (
        [one for (one,) in work.execute(f"SELECT id FROM {table} ORDER BY id")]
        for table in ("pets", "appointments")
    )
    names = [*HAPPENED, *BEGUN]
    names += ["nothing"] * len(names)
    size = work.run.planned
    drawn = [chance.choices(some, k=size) for some in (names, pets, places)]
    work.clinic.execute(EVENTS, drawn)
    for name, change in HAPPENED.items():
        work.clinic.execute(of_event(change, name))
    for name, change in BEGUN.items():
        other.execute(of_event(change, name).encode())


def of_event(change: str, name: str) -> str:
    return change.replace("{events}", f"(SELECT * FROM events WHERE event = '{name}') AS e")


def judged(work: Work) -> dict[object, object]:
    """Return for each row the planned pet, if it is certain now, or the reason to skip it."""
    found: dict[object, object] = {}
    for seq, now, pet in work.execute(NOW):
        other = "-" in str(now) and now != pet
        found[seq] = "the evidence now names another pet" if other else REASONS.get(str(now), now)
    return found


def write_pass(work: Work, chance: random.Random) -> None:
    while work.batch(chance.choice([7, 80, 200])).taken:
        pass


def done(work: Work) -> dict[object, object]:
    return dict(work.execute(DONE))  # type: ignore[arg-type]
