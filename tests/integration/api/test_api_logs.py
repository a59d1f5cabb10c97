"""Rows of api_logs are written beside the requests: late, lost and counted, never waited for."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from petrec.api import Options, RequestIds
from petrec.api.http.api_logs import ApiLogs
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.two_clinics import ABSENT, APPT1, VET1
from tests.plugins.waiting import until

LIST, FOREIGN = "/api/v1/recordings/", f"/api/v1/appointments/{ABSENT}"
ROWS = "SELECT error_code, request_id::text FROM api_logs ORDER BY id"
LOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'api_logs'::regclass"

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1})


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("text", "proxy-7"), ("varchar(32)", "proxy-7"), ("varchar(6)", None), ("uuid", None),
     ("bigint", None)],
)  # fmt: skip
def test_a_row_has_the_id_of_its_request(api: Api, kind: str, kept: str | None) -> None:
    api.database.execute(f"ALTER TABLE api_logs ADD COLUMN request_id {kind}")
    api.client.get(FOREIGN)
    api.app.middleware_stack = None
    api.app.add_middleware(RequestIds)
    made = api.client.get(FOREIGN).headers["x-request-id"]
    assert api.client.get(FOREIGN, headers={"X-Request-ID": "proxy-7"}).status_code == 404
    read = made if kind in {"text", "varchar(32)", "uuid"} else None
    found = [(code, known and known.replace("-", "")) for code, known in api.database.execute(ROWS)]
    expected = [None, read, kept and kept.replace("-", "")]
    assert found == [("appointment_not_found", known) for known in expected]


@pytest.fixture
def locked(api: Api) -> psycopg.Connection[tuple[object, ...]]:
    """Return a session that holds a lock on api_logs, with one row that waits for it."""
    assert api.client.get(FOREIGN).status_code == 404
    api.client.logs = None
    holder = api.database.connect(autocommit=False)
    holder.execute("LOCK TABLE api_logs")
    assert api.client.get(FOREIGN).status_code == 404
    until(lambda: api.database.execute(LOCKED) == [(1,)])
    return holder


def logs(api: Api) -> ApiLogs:
    return api.router.rejections.logs


def test_a_locked_table_delays_no_request(
    api: Api, locked: psycopg.Connection[object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "petrec.api"):
        for path, status in ((LIST, 200), (FOREIGN, 404), (f"/api/v1/appointments/{APPT1}", 200)):
            assert api.client.get(path).status_code == status
        assert api.client.get(LIST, headers={"x-expired": "1"}).status_code == 401
        # The first row, whose time is over, and those that came meanwhile.
        until(lambda: "Could not write a refused request to api_logs" in caplog.messages)
    said = next(record for record in caplog.records if hasattr(record, "rows_since_start"))
    assert (vars(said)["reason"], vars(said)["rows"]) == ("QueryCanceled", 1)
    locked.rollback()
    assert logs(api).settle(60)
    assert api.client.get(FOREIGN).status_code == 404
    assert logs(api).settle(60)
    assert len(rows(api)) == 5 - logs(api).dropped


def rows(api: Api) -> list[tuple[object, ...]]:
    return api.database.execute("SELECT error_code FROM api_logs WHERE error_code IS NOT NULL")


def test_what_finds_no_room_is_counted(api: Api, locked: psycopg.Connection[object]) -> None:
    counted: list[int] = []
    logs(api).on_dropped = counted.append
    for _ in range(1_200):
        api.router.rejections.logs.add({"error_code": "x"})
    assert sum(counted) == logs(api).dropped >= 200
    locked.rollback()
    # Rows without a method are refused by the table, one by one.
    assert logs(api).settle(60)
    assert logs(api).dropped == 1_200
    assert len(rows(api)) == 2


def test_one_odd_row_takes_no_other_with_it(api: Api, locked: psycopg.Connection[object]) -> None:
    for number in (1, 2, 3):
        assert api.client.get(f"/api/v1/appointments/{number}odd").status_code == 400
        assert api.client.get(FOREIGN).status_code == 404
    locked.execute("ALTER TABLE api_logs ADD CHECK (path NOT LIKE '%%2odd%%') NOT VALID")
    locked.commit()
    assert logs(api).settle(60)
    assert logs(api).dropped == 1
    assert len(rows(api)) == 7


def test_nothing_is_kept_of_the_pool(api: Api, locked: psycopg.Connection[object]) -> None:
    """The writer has a connection of its own: all of the pool's are there for requests."""
    assert api.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    locked.rollback()
    assert logs(api).settle(60)
    api.engine.dispose()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    until(lambda: api.database.execute(f"{others} AND application_name = ''") == [(2,)])


def test_a_row_that_cannot_be_written_costs_the_pool_nothing(api: Api) -> None:
    """The database only reads, so that the writer's connection is closed, and no other."""
    name = api.database.name
    api.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert api.client.get(LIST).status_code == 200
    pool = api.engine.pool
    assert api.client.get(LIST, headers={"x-expired": "1"}).status_code == 401
    assert logs(api).settle(60)
    assert (logs(api).dropped, api.engine.pool) == (1, pool)


def test_strangers_fill_no_table(two_clinics: Database, make_api: Callable[..., Api]) -> None:
    now = [datetime(2026, 1, 2, tzinfo=UTC)]
    api = make_api(database=two_clinics, options=Options(anonymous_rows=2, clock=lambda: now[0]))
    for later in (0, 10, 20, 90, 95):
        now[0] = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=later)
        answer = api.client.get(LIST, headers={"x-expired": "1"})
        assert answer.json()["error_code"] == "not_authenticated"
        assert api.client.get(FOREIGN, headers={"x-user": VET1}).status_code == 404
    counted = "SELECT error_code, count(*) FROM api_logs GROUP BY 1 ORDER BY 1"
    assert api.database.execute(counted) == [("appointment_not_found", 5), ("not_authenticated", 4)]
    assert api.router.rejections.strangers.left_out == 1
