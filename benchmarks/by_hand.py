"""The backfill as a DBA would write it in SQL, with more of its guarantees from one to the next.

What each adds is what the guarantee costs, whoever gives it.
"""

import time
from collections.abc import Iterator

import psycopg

BATCH = 2000
# Certain evidence for a missing pet: the visit's pet, else the only one of the appointment.
EVIDENCE = """
SELECT r.id, coalesce(v.pet_id, s.pet_id) AS pet_id FROM recordings r
LEFT JOIN visits v ON v.id = r.visit_id
LEFT JOIN (SELECT appointment_id, (array_agg(pet_id))[1] AS pet_id FROM appointment_pets
           GROUP BY 1 HAVING count(*) = 1) s ON s.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL AND coalesce(v.pet_id, s.pet_id) IS NOT NULL
"""
PLAIN = f"UPDATE recordings r SET pet_id = e.pet_id FROM ({EVIDENCE}) e WHERE r.id = e.id"
_PLAN = f"""
CREATE TABLE plan AS
SELECT row_number() OVER (ORDER BY r.ctid) AS seq, e.id, e.pet_id
FROM ({EVIDENCE}) e JOIN recordings r ON r.id = e.id;
ALTER TABLE plan ADD PRIMARY KEY (seq);
CREATE TABLE journal (seq bigint PRIMARY KEY, id uuid, old jsonb, new jsonb);
CREATE TABLE progress AS SELECT 0::bigint AS cursor;
ANALYZE plan;
"""
_LOCKS = """
SELECT p.seq FROM plan p JOIN recordings r ON r.id = p.id
LEFT JOIN LATERAL (SELECT FROM appointments a WHERE a.id = r.appointment_id
                   FOR UPDATE SKIP LOCKED) a ON true
WHERE p.seq > %(after)s AND p.seq <= %(upto)s FOR NO KEY UPDATE OF r SKIP LOCKED
"""
_STILL = """AND coalesce((SELECT v.pet_id FROM visits v WHERE v.id = r.visit_id),
    (SELECT (array_agg(ap.pet_id))[1] FROM appointment_pets ap
     WHERE ap.appointment_id = r.appointment_id HAVING count(*) = 1)) = p.pet_id"""
_WRITE = """
WITH changed AS (
    UPDATE recordings r SET pet_id = p.pet_id FROM plan p
    WHERE r.id = p.id AND p.seq > %(after)s AND p.seq <= %(upto)s AND r.pet_id IS NULL {still}
    RETURNING p.seq, r.id, jsonb_build_object('pet_id', NULL) AS old,
              jsonb_build_object('pet_id', r.pet_id) AS new)
INSERT INTO journal SELECT * FROM changed
"""


def plain(dsn: str) -> float:
    """Run the one statement; returns rows per second."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        started = time.monotonic()
        return connection.execute(PLAIN).rowcount / (time.monotonic() - started)


def journaled(dsn: str) -> float:
    """Plan, then batches with journal and cursor; returns rows per second."""
    return _batches(dsn, [_WRITE.format(still="")])


def guarded(dsn: str) -> float:
    """The same with rows and appointments locked and the evidence looked at again under lock."""
    return _batches(dsn, [_LOCKS, _WRITE.format(still=_STILL)])


def _batches(dsn: str, statements: list[str]) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        started = time.monotonic()
        connection.execute(_PLAN)
        (planned,) = connection.execute("SELECT count(*) FROM plan").fetchone() or (0,)
        for span in _spans(planned):
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement, span)
                connection.execute("UPDATE progress SET cursor = %(upto)s", span)
        took = time.monotonic() - started
        (changed,) = connection.execute("SELECT count(*) FROM journal").fetchone() or (0,)
        return float(changed / took)


def _spans(planned: int) -> Iterator[dict[str, int]]:
    for after in range(0, planned, BATCH):
        yield {"after": after, "upto": after + BATCH}
