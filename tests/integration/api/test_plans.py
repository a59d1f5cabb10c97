"""Lists read little more than they return, however many recordings lack a pet."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.plugins.api import Api, watch
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON)"
# What docs/api.md advises.
APPLIED = ("constraints", "apply", "--group", "api", "--yes")
MORE = """
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), appointment_id, CASE WHEN n * 37 % 101 > 9 THEN pet_id END,
  (SELECT min(id::text)::uuid FROM users), 'visit_audio', 'uploaded',
  'f', 'f', 'k', now() - n * interval '1 minute', now()
FROM generate_series(1, {rows}) n JOIN
  (SELECT appointment_id, pet_id, row_number() OVER () - 1 AS place, count(*) OVER () AS total
   FROM appointment_pets WHERE {condition}) AS link ON place = n % total
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
def test_lists_read_few_recordings(
    make_api: Callable[..., Api], database: MakeDatabase, petrec: Petrec, rows: int
) -> None:
    made = database("clinic")
    (owner,) = made.execute(
        "SELECT owner_id FROM pets GROUP BY owner_id HAVING count(*) = 2 LIMIT 1"
    )[0]
    of_owner = f"pet_id IN (SELECT id FROM pets WHERE owner_id = '{owner}')"
    made.execute(MORE.format(rows=rows, condition="true"))
    made.execute(MORE.format(rows=rows // 10, condition=of_owner))
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    api = make_api(database=made)
    sent: list[tuple[str, Any]] = []
    watch(api.engine, lambda *given: sent.append(given))
    appointment, pet = made.execute(
        f"SELECT appointment_id, pet_id FROM appointment_pets WHERE {of_owner} LIMIT 1"
    )[0]
    # All recordings are read newest first, so a practice's share of them counts.
    practice, share = made.execute(
        "SELECT practice_id, count(*) * 1.0 / sum(count(*)) OVER () FROM recordings"
        " JOIN appointments ON appointments.id = appointment_id"
        " GROUP BY practice_id ORDER BY 2 DESC LIMIT 1"
    )[0]
    staff = {"x-practice": str(practice), "x-role": "vet"}
    owners = {"x-role": "owner", "x-owner": str(owner)}
    for query, headers in (
        ("?limit=10", owners), ("?limit=5", owners), ("?limit=50", {}), ("?limit=200", {}),
        ("?limit=50", staff), (f"?limit=5&pet_id={pet}", {}),
        (f"?limit=5&appointment_id={appointment}", {}), ("?limit=20&status=uploaded", owners),
        (f"?limit=5&appointment_id={appointment}&pet_id={pet}&status=uploaded", owners),
    ):  # fmt: skip
        cursor = ""
        for _ in range(3):
            sent.clear()
            page = api.client.get(f"/api/v1/recordings/{query}{cursor}", headers=headers)
            listed = [one for one in sent if one[0].startswith("WITH named")]
            told = len(page.json()) + int(page.headers["x-petrec-withheld"])
            told = round(told / share) if headers is staff else told
            for generic in (False, True):
                check(made, listed, told, generic)
            cursor = f"&cursor={page.headers['x-next-cursor']}"


def check(made: Database, listed: list[tuple[str, Any]], told: int, generic: bool) -> None:
    """Explain with the values at hand, and as prepared statements that know none."""
    read = 0
    for query, values in listed:
        with made.connect() as connection:
            if generic:
                plan = explain_prepared(connection, query, values)
            else:
                plan = connection.execute(f"{EXPLAIN} {query}", values).fetchone()
        assert plan is not None
        read += sum(rows_read(scan) for scan in scans(plan[0][0]["Plan"]))
    assert 0 < read <= told * 4, (generic, listed)


def explain_prepared(connection: psycopg.Connection[Any], query: str, values: Any) -> Any:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
    text = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", query)
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE listed AS {text}".replace("%%", "%"))
    given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    called = sql.SQL(f"{EXPLAIN} EXECUTE listed ({{}})").format(given)
    return connection.execute(called).fetchone()
