"""A small clinic, and what each caller may see of it by SQL that petrec had no part in."""

from typing import Any

import psycopg

TABLES = """
CREATE TABLE users (id int PRIMARY KEY, practice_id int);
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int, practice_id int);
CREATE TABLE appointment_pets (appointment_id int, pet_id int);
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, visit_date timestamptz,
  visit_type text DEFAULT 'call', status text DEFAULT 'open', created_by int);
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, visit_id int,
  recorded_by_user_id int, created_at timestamptz, recording_type text, status text, s3_key text);
INSERT INTO users VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO pets SELECT n, 1 + n % 3, 'pet ' || n % 2 FROM generate_series(1, 6) n;
INSERT INTO appointments SELECT n, 1 + n % 3, 1 + n / 2 % 3 FROM generate_series(1, 6) n;
"""
# ruff: noqa: E501
# What the documents promise, in plain words of SQL; %(...)s say who calls.
SEEN = """
WITH caller AS (SELECT %(all)s::bool AS everything, %(owner)s::int AS owner, %(practice)s::int AS practice),
seen_appointments AS (SELECT a.* FROM appointments a, caller k WHERE k.everything
  OR a.pet_owner_id = k.owner OR a.practice_id = k.practice),
seen_pets AS (SELECT p.* FROM pets p, caller k WHERE k.everything OR p.owner_id = k.owner
  OR p.id IN (SELECT l.pet_id FROM appointment_pets l JOIN appointments a ON a.id = l.appointment_id
              WHERE a.practice_id = k.practice)),
folded AS (SELECT a.id, array_agg(DISTINCT l.pet_id) AS pets
  FROM appointments a JOIN appointment_pets l ON l.appointment_id = a.id GROUP BY a.id),
inferred AS (SELECT r.id, CASE WHEN v.pet_id IS NOT NULL AND EXISTS (SELECT FROM pets WHERE id = v.pet_id)
      THEN v.pet_id WHEN cardinality(f.pets) = 1 AND f.pets[1] IN (SELECT id FROM pets)
      THEN f.pets[1] END AS pet
  FROM recordings r LEFT JOIN folded f ON f.id = r.appointment_id LEFT JOIN visits v ON v.id = r.visit_id
  WHERE r.pet_id IS NULL AND (r.appointment_id IS NULL OR r.appointment_id IN (SELECT id FROM appointments))
    AND NOT coalesce(v.appointment_id <> r.appointment_id, false)
    AND NOT coalesce(r.appointment_id IS NOT NULL AND v.pet_id IS NOT NULL
                     AND v.pet_id <> ALL (coalesce(f.pets, '{}')), false)),
served AS (SELECT r.*, coalesce(r.pet_id, i.pet) AS shown FROM recordings r LEFT JOIN inferred i USING (id)
  WHERE coalesce(r.pet_id, i.pet) IN (SELECT id FROM pets)),
seen_recordings AS (SELECT s.* FROM served s, caller k WHERE k.everything
  OR (k.owner IS NOT NULL AND s.shown IN (SELECT id FROM seen_pets))
  OR s.appointment_id IN (SELECT id FROM appointments a WHERE a.practice_id = k.practice)
  OR (s.appointment_id IS NULL AND s.recorded_by_user_id IN
      (SELECT id FROM users u WHERE u.practice_id = k.practice))),
seen_visits AS (SELECT v.* FROM visits v, caller k WHERE k.everything
  OR v.pet_id IN (SELECT id FROM pets WHERE owner_id = k.owner)
  OR v.appointment_id IN (SELECT id FROM appointments a WHERE a.practice_id = k.practice)
  OR (v.appointment_id IS NULL AND v.created_by IN (SELECT id FROM users u WHERE u.practice_id = k.practice)))
"""
ALL_RECORDINGS = SEEN + "SELECT id, shown FROM seen_recordings ORDER BY id"
RECORDINGS = (
    SEEN + "SELECT id, shown FROM seen_recordings WHERE (%(pet)s::int IS NULL OR shown = %(pet)s)"
    " AND CASE WHEN %(status)s::text IS NULL THEN coalesce(status, '') <> 'pending'"
    " ELSE status = %(status)s END AND (%(at)s::int IS NULL OR appointment_id = %(at)s) ORDER BY created_at DESC, id DESC"
)
# Of an owner's list, and of a pet's, what is near no such pet is not counted.
WITHHELD = (
    SEEN
    + """, asked AS (SELECT p.id FROM pets p, caller k WHERE CASE WHEN %(pet)s::int IS NULL
  THEN p.owner_id = k.owner ELSE p.id = %(pet)s END)
SELECT count(*) FROM recordings r LEFT JOIN inferred i USING (id) CROSS JOIN caller k
  WHERE r.pet_id IS NULL AND i.pet IS NULL
  AND CASE WHEN %(status)s::text IS NULL THEN coalesce(status, '') <> 'pending' ELSE status = %(status)s END
  AND (%(at)s::int IS NULL OR appointment_id = %(at)s)
  AND (k.everything OR appointment_id IN (SELECT id FROM seen_appointments))
  AND (%(pet)s::int IS NULL AND (k.owner IS NULL OR %(at)s::int IS NOT NULL)
    OR appointment_id IN (SELECT appointment_id FROM appointment_pets WHERE pet_id IN (SELECT id FROM asked))
    OR visit_id IN (SELECT id FROM visits WHERE pet_id IN (SELECT id FROM asked)))"""
)
VISITS = (
    SEEN
    + "SELECT v.id, (SELECT coalesce(json_agg(r.id ORDER BY r.created_at DESC, r.id DESC), '[]')"
    " FROM (SELECT * FROM seen_recordings s WHERE s.visit_id = v.id AND coalesce(s.status, '') <> 'pending' ORDER BY created_at DESC, id DESC"
    " LIMIT %(each)s) r) FROM seen_visits v WHERE (%(pet)s::int IS NULL OR pet_id = %(pet)s)"
    " AND (%(at)s::int IS NULL OR appointment_id = %(at)s) ORDER BY visit_date DESC, id DESC"
)
PETS = (
    SEEN
    + "SELECT (SELECT coalesce(json_agg(p.id ORDER BY p.name, p.id), '[]') FROM seen_pets p WHERE"
    " EXISTS (SELECT FROM appointment_pets l WHERE l.pet_id = p.id AND l.appointment_id = a.id))"
    " FROM seen_appointments a WHERE a.id = %(at)s"
)
CALLERS: dict[str, dict[str, Any]] = {
    "admin": {"all": True},
    **{f"owner {n}": {"owner": n} for n in (1, 2, 3)},
    **{f"practice {n}": {"practice": n} for n in (1, 2, 3)},
    "nobody": {},
}
STATUSES = ("pending", "uploaded", None, "failed")


def fill(connection: psycopg.Connection[Any], *rows: list[tuple[Any, ...]]) -> None:
    run = connection.cursor().executemany
    connection.execute("TRUNCATE appointment_pets, visits, recordings")
    linked, visited, recorded = rows
    run("INSERT INTO appointment_pets VALUES (%s, %s)", linked)
    sql = "INSERT INTO visits (id, pet_id, appointment_id, visit_date, created_by)"
    run(f"{sql} VALUES (%s, %s, %s, %s, %s)", [(n, *row) for n, row in enumerate(visited, 1)])
    sql = "INSERT INTO recordings (id, appointment_id, pet_id, visit_id, recorded_by_user_id,"
    values = [(n, *row, STATUSES[n % 4]) for n, row in enumerate(recorded, 1)]
    run(f"{sql} created_at, status) VALUES (%s, %s, %s, %s, %s, %s, %s)", values)


def full() -> tuple[list[Any], list[Any], list[Any]]:
    """Return links, visits and recordings of which each query's parts change some answer."""
    times = ["2025-09-01 10:00Z", "2025-09-01 10:00Z", None, "2025-09-02 10:00Z"]
    linked = [(at, 1 + (at + n) % 6) for at in range(1, 7) for n in range(at % 5)]
    visited = [(1 + n % 6, (None, 1, 2, 3)[n % 4], times[n % 3], 1 + n % 3) for n in range(5)]
    recorded = [
        ((None, 1, 2, 3, 4, 5, 9)[n % 7], (None, 1, 2, 3, 4, 5, 6, 9)[n % 8],
         (None, 1, 2, 3)[n % 4], 1 + n % 3, times[n % 4])
        for n in range(60)
    ]  # fmt: skip
    return linked, visited, recorded
