"""The questions as plain SQL, as a careful person would type them into psql.

`ONE_EACH` are those whose answer is one number, for tools that check such numbers.
"""

from collections import Counter
from typing import LiteralString

import psycopg

TOTALS = "SELECT count(*) AS total, count(pet_id) AS with_pet FROM recordings"
INVALID = """
SELECT count(*) AS invalid FROM recordings r
LEFT JOIN appointment_pets ap ON ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL
"""
DANGLING_PET = """
SELECT count(*) AS dangling_pet FROM recordings r LEFT JOIN pets p ON p.id = r.pet_id
WHERE r.pet_id IS NOT NULL AND p.id IS NULL
"""
UNKNOWN_PLACE = """
SELECT count(*) AS unknown_appointment FROM recordings r
LEFT JOIN appointments a ON a.id = r.appointment_id
WHERE r.appointment_id IS NOT NULL AND a.id IS NULL
"""
DANGLING_APPOINTMENT = """
SELECT count(*) AS dangling_appointment FROM recordings r
JOIN pets p ON p.id = r.pet_id LEFT JOIN appointments a ON a.id = r.appointment_id
WHERE r.appointment_id IS NOT NULL AND a.id IS NULL
"""
OWNERS = """
SELECT count(*) AS owner_differs FROM recordings r
JOIN pets p ON p.id = r.pet_id JOIN appointments a ON a.id = r.appointment_id
WHERE p.owner_id <> a.pet_owner_id
"""
WITH_PET = """
SELECT count(*) FILTER (WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL) AS mismatched,
       count(*) FILTER (WHERE (r.appointment_id IS NULL OR ap.pet_id IS NOT NULL)
         AND (v.pet_id <> r.pet_id OR v.appointment_id <> r.appointment_id)) AS visit_conflict
FROM recordings r JOIN pets p ON p.id = r.pet_id
LEFT JOIN appointments a ON a.id = r.appointment_id
LEFT JOIN appointment_pets ap ON ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
LEFT JOIN visits v ON v.id = r.visit_id
WHERE r.appointment_id IS NULL OR a.id IS NOT NULL
"""
# Whether a visit's pet is listed is asked of its own link.
WITHOUT_PET = """
SELECT kind, count(*) FROM (
  SELECT CASE
    WHEN r.appointment_id IS NOT NULL AND a.id IS NULL THEN 'missing_dangling_appointment'
    WHEN v.appointment_id <> r.appointment_id
      OR (a.id IS NOT NULL AND v.pet_id IS NOT NULL AND l.pet_id IS NULL) THEN 'visit_conflict'
    WHEN vp.id IS NOT NULL OR (listed.pets = 1 AND listed.known = 1) THEN 'missing_inferable'
    WHEN r.appointment_id IS NULL THEN 'missing_no_appointment'
    WHEN listed.known > 0 THEN 'missing_ambiguous'
    ELSE 'missing_no_pets' END AS kind
  FROM recordings r
  LEFT JOIN appointments a ON a.id = r.appointment_id
  LEFT JOIN visits v ON v.id = r.visit_id
  LEFT JOIN pets vp ON vp.id = v.pet_id
  LEFT JOIN appointment_pets l ON l.appointment_id = r.appointment_id AND l.pet_id = v.pet_id
  LEFT JOIN (
    SELECT ap.appointment_id, count(*) AS pets, count(p.id) AS known
    FROM appointment_pets ap LEFT JOIN pets p ON p.id = ap.pet_id GROUP BY ap.appointment_id
  ) listed ON listed.appointment_id = r.appointment_id
  WHERE r.pet_id IS NULL
) judged GROUP BY kind
"""
FOUR = (TOTALS, INVALID, DANGLING_PET, UNKNOWN_PLACE)
SEVEN = (TOTALS, INVALID, DANGLING_PET, DANGLING_APPOINTMENT, OWNERS, WITH_PET, WITHOUT_PET)

MISMATCHED = """
SELECT count(*) AS mismatched FROM recordings r
JOIN pets p ON p.id = r.pet_id JOIN appointments a ON a.id = r.appointment_id
LEFT JOIN appointment_pets ap ON ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
WHERE ap.pet_id IS NULL
"""
ONE_EACH = {
    "total": "SELECT count(*) AS total FROM recordings",
    "with_pet": "SELECT count(pet_id) AS with_pet FROM recordings",
    "invalid": INVALID,
    "dangling_pet": DANGLING_PET,
    "dangling_appointment": DANGLING_APPOINTMENT,
    "owner_differs": OWNERS,
    "mismatched": MISMATCHED,
}


def ask(dsn: str, questions: tuple[LiteralString, ...]) -> Counter[str]:
    """Return the answers by name, each question in a statement of its own."""
    answers: Counter[str] = Counter()
    with psycopg.connect(dsn) as connection:
        for question in questions:
            cursor = connection.execute(question)
            names = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall()
            answers.update(
                dict(rows) if names[0] == "kind" else dict(zip(names, rows[0], strict=True))
            )
    return answers
