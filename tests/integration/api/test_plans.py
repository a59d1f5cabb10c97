"""The owner's list reads little more than it returns, however many recordings there are."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.plugins.api import Api, watch
from tests.plugins.databases import Database, MakeDatabase

EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON)"
# What docs/api.md advises.
INDEXES = """
CREATE INDEX ON recordings (pet_id, created_at DESC, id DESC);
CREATE INDEX ON recordings (appointment_id, created_at DESC, id DESC);
CREATE INDEX ON recordings (appointment_id) WHERE pet_id IS NULL;
CREATE INDEX ON appointment_pets (pet_id);
CREATE INDEX ON appointments (pet_owner_id);
CREATE INDEX ON pets (owner_id);
"""
MORE = """
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), appointment_id, pet_id, (SELECT min(id::text)::uuid FROM users),
  'visit_audio', 'uploaded', 'f', 'f', 'k', now() - n * interval '1 minute', now()
FROM generate_series(1, {rows}) n JOIN
  (SELECT appointment_id, pet_id, row_number() OVER () - 1 AS place, count(*) OVER () AS total
   FROM appointment_pets) AS link ON place = n % total
"""


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan.get("Relation Name") == "recordings":
        yield plan
    for child in plan.get("Plans", ()):
        yield from scans(child)


def rows_read(plan: dict[str, Any]) -> int:
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return round((plan["Actual Rows"] + removed) * plan["Actual Loops"])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rows", [40_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_an_owners_list_reads_few_recordings(
    make_api: Callable[..., Api], database: MakeDatabase, rows: int
) -> None:
    made = database("clinic")
    made.execute(MORE.format(rows=rows))
    made.execute(INDEXES)
    made.execute("VACUUM ANALYZE")
    (owner,) = made.execute(
        "SELECT owner_id FROM pets GROUP BY owner_id HAVING count(*) = 2 LIMIT 1"
    )[0]
    api = make_api(database=made)
    sent: list[tuple[str, Any]] = []
    watch(api.engine, lambda *given: sent.append(given))
    headers = {"x-role": "owner", "x-owner": str(owner)}
    for limit in (10, 5):
        shown = api.client.get(f"/api/v1/recordings/?limit={limit}", headers=headers).json()
        assert len(shown) == limit
        listed = next(one for one in reversed(sent) if "withheld" in one[0])
        for generic in (False, True):
            check(made, listed, limit, generic)


def check(made: Database, listed: tuple[str, Any], limit: int, generic: bool) -> None:
    """Explain with the values at hand, and as a prepared statement that knows none."""
    query, values = listed
    with made.connect() as connection:
        if generic:
            plan = explain_prepared(connection, query, values)
        else:
            plan = connection.execute(f"{EXPLAIN} {query}", values).fetchone()
    assert plan is not None
    read = sum(rows_read(scan) for scan in scans(plan[0][0]["Plan"]))
    assert limit <= read <= limit * 4, generic


def explain_prepared(connection: psycopg.Connection[Any], query: str, values: Any) -> Any:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
    text = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", query)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE listed AS {text}".replace("%%", "%"))
    given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    called = sql.SQL(f"{EXPLAIN} EXECUTE listed ({{}})").format(given)
    return connection.execute(called).fetchone()
