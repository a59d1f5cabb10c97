"""Through PgBouncer: what needs a session of its own says so; what reads is served in any."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Engine

from petrec.errors import UsageError
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.pooler import own_session
from petrec.settings import Settings
from tests.plugins.clean import clean, digest
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.pooler import Pooled

APPLY = ("constraints", "apply", "--yes", "--group", "required", "--format", "json")
WRITERS = (APPLY, ("constraints", "rollback", "--yes"), ("backfill", "--apply", "--yes"))
READERS = [
    ("audit", "--format", "json"),
    *(
        pytest.param(command, marks=pytest.mark.full)
        for command in (
            ("backfill",),
            ("constraints", "plan"),
            ("report", "--markdown", "-"),
            ("review", "export", "cases.csv"),
            ("validate",),
        )
    ),
]
STATE = """
SELECT to_regnamespace('petrec') IS NULL AND current_setting('synchronous_commit') = 'on'
   AND current_setting('lock_timeout') = '0' AND current_setting('statement_timeout') = '0'
   AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                   WHERE locktype = 'advisory' AND datname = current_database())
   AND NOT EXISTS (SELECT FROM pg_prepared_statements)
"""


def untouched(dsn: str) -> bool:
    """Look from the server session that was shared with petrec."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(STATE).fetchone() == (True,)


@pytest.fixture
def through() -> Iterator[Callable[[str], Engine]]:
    made: list[Engine] = []

    def make(dsn: str) -> Engine:
        made.append(make_engine(resolve_dsn(dsn, None), Settings(), "test"))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.mark.parametrize(("mode", "writers"), [("transaction", WRITERS), ("statement", [APPLY])])
def test_a_writer_refuses_a_shared_session(
    petrec: Petrec, clinic: Database, pooled: Pooled, mode: str, writers: list[tuple[str, ...]]
) -> None:
    before = digest(clean(clinic))
    dsn = pooled(clinic.dsn, mode)
    for command in writers:
        ended = petrec(*command, dsn=dsn)
        assert (ended.code, f"{mode} mode" in ended.err) == (2, True), ended.err
        assert "pool_mode = session" in ended.err
    assert digest(clinic) == before
    assert mode == "statement" or untouched(dsn)


def test_a_session_of_its_own_is_all_that_writers_need(
    petrec: Petrec, clinic: Database, pooled: Pooled
) -> None:
    dsn = pooled(clinic.dsn, "session")
    ended = petrec("backfill", "--apply", "--yes", "--format", "json", dsn=dsn)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["run"]["changed"] > 0
    clean(clinic)
    ended = petrec(*APPLY, dsn=dsn)
    assert (ended.code, len(json.loads(ended.out)["executed"])) == (0, 4), ended.err
    # The pool hands the session to the next client as it was.
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("0",)


@pytest.mark.parametrize("command", READERS)
def test_reading_takes_no_session(
    petrec: Petrec, clinic: Database, pooled: Pooled, command: tuple[str, ...]
) -> None:
    dsn = pooled(clinic.dsn, "transaction")
    first, again = petrec(*command, dsn=dsn), petrec(*command, dsn=dsn)
    assert first.code == again.code < 2, first.err + again.err
    assert untouched(dsn)


def test_a_pool_that_takes_turns_is_seen_through(
    clinic: Database, pooled: Pooled, through: Callable[[str], Engine]
) -> None:
    for servers in (1, 2, 3, 4):
        dsn = pooled(clinic.dsn, "transaction", "server_round_robin = 1")
        others = [psycopg.connect(dsn) for _ in range(servers)]
        pids = {other.execute("SELECT pg_backend_pid()").fetchone() for other in others}
        assert len(pids) == servers
        for other in others:
            other.rollback()
            other.close()
        with through(dsn).connect() as connection, pytest.raises(UsageError, match="transaction"):
            own_session(connection)


def test_no_pooler_is_no_session_shared(
    clinic: Database, pooled: Pooled, through: Callable[[str], Engine]
) -> None:
    for dsn in (clinic.dsn, pooled(clinic.dsn, "session")):
        with through(dsn).connect() as connection:
            own_session(connection)
