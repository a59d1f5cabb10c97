"""What statements read, by their plans: of any query, and of those that the API's lists send."""

import re
from collections.abc import Iterator
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Select

from petrec.api.http.cursor import Cursor
from tests.plugins.api import Api, watch
from tests.plugins.databases import Database

EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON)"
ALONE = "EXPLAIN (FORMAT JSON)"
# Tables of a test are small: to read one whole, and to sort it, is often cheapest.
DEAR = ("enable_seqscan", "enable_sort")
# What docs/api.md advises.
APPLIED = ("constraints", "apply", "--group", "api", "--yes")
# One of ten lacks its pet, one of a hundred waits for its file, one of a thousand has failed.
MORE = """
WITH link AS (SELECT appointment_id, pet_id, row_number() OVER () - 1 AS place
  FROM appointment_pets WHERE {condition})
INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type, status,
  filename, original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), appointment_id, CASE WHEN n * 37 % 101 > 9 THEN pet_id END,
  (SELECT min(id::text)::uuid FROM users), 'visit_audio',
  CASE WHEN n * 61 % 100 = 7 THEN 'pending' WHEN n * 61 % 1000 = 8 THEN 'failed'
    ELSE 'uploaded' END,
  'f', 'f', 'k', now() - n * interval '1 minute', now()
FROM generate_series(1, {rows}) n JOIN link ON place = n % (SELECT count(*) FROM link)
"""


class Lists:
    """Requests of one application, with the statements that each list sends."""

    def __init__(self, made: Database, api: Api) -> None:
        self.made, self.api = made, api
        self.sent: list[tuple[str, Any]] = []
        self.page: list[dict[str, Any]] = []
        self._session = made.connect()
        self._prepared: dict[str, str] = {}
        watch(api.engine, lambda *given: self.sent.append(given))

    def pages(
        self, query: str, headers: dict[str, str], *, start: str = ""
    ) -> Iterator[tuple[int, int]]:
        """Return of three pages how many recordings each tells of, and how many rows it reads.

        The rows are the larger number: with the values at hand, or as prepared statements. `start`
        is where the first page starts.
        """
        cursor = start
        for _ in range(3):
            self.sent.clear()
            page = self.api.client.get(f"/api/v1/recordings/{query}{cursor}", headers=headers)
            self.page = page.json()
            told = len(self.page) + int(page.headers["x-petrec-withheld"])
            yield told, max(self.read(kind) for kind in (False, True))
            if "x-next-cursor" not in page.headers:
                return
            cursor = f"&cursor={page.headers['x-next-cursor']}"

    def spanned(self, query: str, condition: str = "true") -> int:
        """Return how many recordings of anybody, of its status, the last page spans."""
        status = re.search(r"status=(\w+)", query)
        (count,) = self.made.execute(
            f"SELECT count(*) FROM recordings WHERE {condition} AND created_at >= %s"
            " AND created_at < %s::timestamptz + interval '1 s'"
            " AND CASE WHEN %s::text IS NULL THEN status <> 'pending' ELSE status = %s END",
            (*(self.page[at]["created_at"] for at in (-1, 0)), *(status and status[1],) * 2),
        )[0]
        return int(count)

    def deep(self) -> str:
        """Return where nine tenths of all recordings have been listed."""
        at, found = self.made.execute(
            "SELECT created_at::text, id::text FROM recordings WHERE created_at <= (SELECT"
            " percentile_disc(0.1) WITHIN GROUP (ORDER BY created_at) FROM recordings)"
            " ORDER BY created_at DESC, id DESC LIMIT 1"
        )[0]
        return f"&cursor={Cursor(at, found).encode()}"

    def read(self, generic: bool) -> int:
        """Return the rows of recordings that the last list's statements read."""
        listed = [one for one in self.sent if one[0].startswith("WITH")]
        assert listed
        plans = [self._explained(EXPLAIN, query, values, generic) for query, values in listed]
        return sum(_rows_read(node) for plan in plans for node in nodes(plan) if _scans(node))

    def indexes(self) -> set[str]:
        """Return the indexes that the last statements use where neither scan nor sort is cheap."""
        asked = [one for one in self.sent if one[0].startswith(("WITH", "SELECT"))]
        plans = [self._explained(ALONE, query, values, False) for query, values in asked]
        return {
            node["Index Name"] for plan in plans for node in nodes(plan) if "Index Name" in node
        }

    def _explained(self, explain: str, query: str, values: Any, generic: bool) -> dict[str, Any]:
        if generic:
            explain, query, values = EXPLAIN, self._called(query, values), None
        # Planned again each time, but in one session: a new one knows nothing of the catalog.
        with self._session.transaction():
            for way in DEAR if explain is ALONE else ():
                self._session.execute(f"SET LOCAL {way} = off")
            told = f"{explain} {query}"
            plan = self._session.execute(told, values, prepare=False).fetchone()
        assert plan is not None
        found: dict[str, Any] = plan[0][0]["Plan"]
        return found

    def _called(self, query: str, values: Any) -> str:
        """Return what runs a query as a prepared statement, which has one plan for all values."""
        names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
        if query not in self._prepared:
            self._prepared[query] = f"listed_{len(self._prepared)}"
            text = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", query)
            self._session.execute("SET plan_cache_mode = force_generic_plan")
            self._session.execute(f"PREPARE {self._prepared[query]} AS {text}".replace("%%", "%"))
        given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
        called = sql.SQL(f"EXECUTE {self._prepared[query]} ({{}})").format(given)
        return called.as_string(self._session)


def explained(connection: Connection, query: Select[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Execute a query, and return its plan with what each node did."""
    whole = query.compile(connection.engine).construct_expanded_state(given)
    driver = connection.connection.driver_connection
    assert driver is not None
    told = driver.execute(f"{EXPLAIN} {whole.statement}", whole.parameters)
    plan: dict[str, Any] = told.fetchone()[0][0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes, each before those below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def _scans(node: dict[str, Any]) -> bool:
    return node.get("Relation Name") == "recordings"


def _rows_read(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])
