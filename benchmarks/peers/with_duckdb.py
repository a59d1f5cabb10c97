"""All questions in one query of DuckDB, which reads the tables by its PostgreSQL scanner.

Its extension is loaded as by default, with its signature checked, as petrec does.
"""

import importlib.resources
import json
import sys

import duckdb

ALL = """
SELECT kind, owner_differs, has_pet, invalid, count(*) FROM (
  SELECT r.pet_id IS NOT NULL AS has_pet,
    r.appointment_id IS NOT NULL AND (r.pet_id IS NULL OR l.pet_id IS NULL) AS invalid,
    r.pet_id IS NOT NULL AND coalesce(p.owner_id <> a.pet_owner_id, false) AS owner_differs,
    CASE
      WHEN r.pet_id IS NOT NULL AND p.id IS NULL THEN 'dangling_pet'
      WHEN r.appointment_id IS NOT NULL AND a.id IS NULL AND r.pet_id IS NOT NULL
        THEN 'dangling_appointment'
      WHEN r.pet_id IS NOT NULL AND r.appointment_id IS NOT NULL AND l.pet_id IS NULL
        THEN 'mismatched'
      WHEN r.appointment_id IS NOT NULL AND a.id IS NULL THEN 'missing_dangling_appointment'
      WHEN v.pet_id <> r.pet_id OR v.appointment_id <> r.appointment_id
        OR (r.pet_id IS NULL AND a.id IS NOT NULL AND v.pet_id IS NOT NULL AND l.pet_id IS NULL)
        THEN 'visit_conflict'
      WHEN r.pet_id IS NOT NULL THEN 'ok'
      WHEN p.id IS NOT NULL OR (listed.pets = 1 AND listed.known = 1) THEN 'missing_inferable'
      WHEN r.appointment_id IS NULL THEN 'missing_no_appointment'
      WHEN listed.known > 0 THEN 'missing_ambiguous'
      ELSE 'missing_no_pets' END AS kind
  FROM pg.recordings r
  LEFT JOIN pg.visits v ON v.id = r.visit_id
  LEFT JOIN pg.pets p ON p.id = coalesce(r.pet_id, v.pet_id)
  LEFT JOIN pg.appointments a ON a.id = r.appointment_id
  LEFT JOIN pg.appointment_pets l
    ON l.appointment_id = r.appointment_id AND l.pet_id = coalesce(r.pet_id, v.pet_id)
  LEFT JOIN (
    SELECT ap.appointment_id, count(*) AS pets, count(q.id) AS known
    FROM pg.appointment_pets ap LEFT JOIN pg.pets q ON q.id = ap.pet_id GROUP BY ap.appointment_id
  ) listed ON listed.appointment_id = r.appointment_id
) judged GROUP BY ALL
"""


def ask(dsn: str) -> dict[str, int]:
    """Return the answers by name."""
    folder = importlib.resources.files("duckdb_extension_postgres_scanner")
    scanner = next((folder / "extensions").iterdir()) / "postgres_scanner.duckdb_extension"
    connection = duckdb.connect()
    connection.execute(f"LOAD '{scanner}'")
    connection.execute(f"ATTACH '{dsn}' AS pg (TYPE postgres, READ_ONLY)")
    answers: dict[str, int] = dict.fromkeys(("total", "with_pet", "invalid", "owner_differs"), 0)
    for kind, differs, has_pet, invalid, count in connection.execute(ALL).fetchall():
        answers[kind] = answers.get(kind, 0) + count
        answers["total"] += count
        answers["with_pet"] += count * has_pet
        answers["invalid"] += count * invalid
        answers["owner_differs"] += count * differs
    return answers


if __name__ == "__main__":
    print("\n" + json.dumps(ask(sys.argv[1])))
