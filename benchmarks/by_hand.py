"""The backfill as a DBA would write it in SQL for one schema, with more guarantees each time.

What each adds is what the guarantee costs, whoever gives it. `guarded` gives what petrec gives:

- nothing is guessed: a visit that names another pet or appointment contradicts;
- recordings and appointments are locked without waiting; what others hold stays in the plan;
- the evidence is read again by a statement that starts after the locks are held;
- one statement updates, journals and notes rows that were not written as planned;
- a transaction a batch moves the cursor, from which a killed run goes on;
- with `parents`, pets and appointments are read; else the foreign keys of the links stand for them.
"""

from typing import Any

import psycopg
from psycopg import ClientCursor

BATCH = 2000
# The certain pet of recording r with visit v and the list l of its appointment; NULL if none is.
_PET = """CASE WHEN r.appointment_id IS NULL THEN v.pet_id
    WHEN v.pet_id IS NULL THEN CASE WHEN cardinality(l.pets) = 1 THEN l.pets[1] END
    WHEN v.pet_id = ANY (l.pets) AND (v.appointment_id <> r.appointment_id) IS NOT TRUE
    THEN v.pet_id END"""
_EVIDENCE = f"""
SELECT r.ctid AS place, r.id, r.appointment_id, {_PET} AS pet_id,
    CASE WHEN v.pet_id IS NULL THEN 'single_pet' ELSE 'visit' END AS strategy
FROM recordings r LEFT JOIN visits v ON v.id = r.visit_id
LEFT JOIN (SELECT appointment_id, array_agg(pet_id) AS pets FROM appointment_pets
           WHERE appointment_id IN (SELECT appointment_id FROM recordings WHERE pet_id IS NULL)
           GROUP BY 1) l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL
"""
PLAIN = f"""UPDATE recordings r SET pet_id = e.pet_id FROM ({_EVIDENCE}) e
WHERE r.id = e.id AND e.pet_id IS NOT NULL"""
_PETS_READ = "JOIN pets ON pets.id = e.pet_id"
_PARENTS_READ = f"""{_PETS_READ} LEFT JOIN appointments a ON a.id = e.appointment_id
WHERE (e.appointment_id IS NULL OR a.id IS NOT NULL) AND"""
_PLAN = f"""
CREATE TABLE plan AS
SELECT row_number() OVER (ORDER BY e.place) AS seq, e.id, e.pet_id, e.strategy
FROM ({_EVIDENCE}) e {{parents}} e.pet_id IS NOT NULL;
ALTER TABLE plan ADD PRIMARY KEY (seq);
CREATE TABLE journal (seq bigint PRIMARY KEY, id uuid, strategy text, old jsonb, new jsonb,
                      changed_at timestamptz DEFAULT now());
CREATE TABLE skips (seq bigint PRIMARY KEY);
CREATE TABLE progress AS SELECT 0::bigint AS cursor;
ANALYZE plan;
"""
# Each batch finds its rows by index at every size; `_check_plan` looks.
_BATCHES = """
SET plan_cache_mode = force_generic_plan;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off;
"""
_ROWS = """PREPARE rows (bigint, bigint) AS
SELECT seq FROM plan WHERE seq > $1 AND seq <= $2"""
_LOCKED = """PREPARE rows (bigint, bigint) AS
SELECT p.seq FROM plan p JOIN recordings r ON r.id = p.id
LEFT JOIN LATERAL (SELECT a.id FROM appointments a WHERE a.id = r.appointment_id
                   FOR UPDATE SKIP LOCKED) a ON true
WHERE p.seq > $1 AND p.seq <= $2 AND (r.appointment_id IS NULL OR a.id IS NOT NULL)
FOR NO KEY UPDATE OF r SKIP LOCKED"""
_WRITE = """PREPARE write (bigint[]) AS
WITH changed AS (
    UPDATE recordings r SET pet_id = p.pet_id FROM plan p
    WHERE p.seq = ANY ($1) AND r.id = p.id AND r.pet_id IS NULL {still}
    RETURNING p.seq, r.id, p.strategy, jsonb_build_object('pet_id', NULL) AS old,
              jsonb_build_object('pet_id', r.pet_id) AS new, r.pet_id = p.pet_id AS as_planned
), journaled AS (
    INSERT INTO journal SELECT seq, id, strategy, old, new FROM changed
), skipped AS (
    INSERT INTO skips SELECT seq FROM unnest($1) seq
    WHERE seq NOT IN (SELECT seq FROM changed WHERE as_planned)
)
SELECT count(*) FROM changed WHERE as_planned
"""
_STILL = f"""AND p.pet_id = (
    SELECT e.pet_id FROM (
        SELECT {_PET} AS pet_id FROM (VALUES (1)) one LEFT JOIN visits v ON v.id = r.visit_id,
        LATERAL (SELECT array_agg(ap.pet_id) AS pets FROM appointment_pets ap
                 WHERE ap.appointment_id = r.appointment_id) l OFFSET 0) e {{pets}})"""

Connection = psycopg.Connection[Any]


def plain(dsn: str) -> None:
    """Run the one statement."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(PLAIN)


def journaled(dsn: str) -> None:
    """Plan, then batches with journal and cursor."""
    _run(dsn, "WHERE", _ROWS, _WRITE.format(still=""))


def guarded(dsn: str, *, parents: bool) -> None:
    """The same, locked and judged again under lock; see above for the guarantees."""
    planned, pets = (_PARENTS_READ, _PETS_READ) if parents else ("WHERE", "")
    _run(dsn, planned, _LOCKED, _WRITE.format(still=_STILL.format(pets=pets)))


def _run(dsn: str, parents: str, rows: str, write: str) -> None:
    with psycopg.connect(dsn, autocommit=True, cursor_factory=ClientCursor) as connection:
        connection.execute("SET synchronous_commit = off; SET jit = off")
        connection.execute(_PLAN.format(parents=parents))
        for statement in (_BATCHES, rows, write):
            connection.execute(statement)
        _check_plan(connection, "EXECUTE rows (0, 1)")
        _check_plan(connection, "EXECUTE write ('{1}')")
        (planned,) = connection.execute("SELECT count(*) FROM plan").fetchone() or (0,)
        while (after := _cursor(connection)) < planned:
            _batch(connection, after)


def _check_plan(connection: Connection, statement: str) -> None:
    """End the benchmark if a batch would read all recordings."""
    lines = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement}"))
    if "on recordings" in lines and "Index Scan using recordings_pkey" not in lines:
        raise SystemExit(f"by hand, a batch does not go by index:\n{lines}")


def _cursor(connection: Connection) -> int:
    (after,) = connection.execute("SELECT cursor FROM progress").fetchone() or (0,)
    return int(after)


def _batch(connection: Connection, after: int) -> None:
    with connection.transaction():
        found = connection.execute("EXECUTE rows (%s, %s)", [after, after + BATCH])
        connection.execute("EXECUTE write (%s)", [[seq for (seq,) in found]])
        connection.execute("UPDATE progress SET cursor = %s", [after + BATCH])
