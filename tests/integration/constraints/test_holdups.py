"""Whoever will also be waited for is named before the first statement, and nobody else."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.constraints.holdups import Holdups, find_holdups
from petrec.features.constraints.plan import Request
from petrec.settings import Mapping
from tests.plugins.clean import clean, owned
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.waiting import until

Connect = Callable[[str], Connection]
OLD = """
SELECT count(*) FROM pg_stat_activity
WHERE pid = %s AND xact_start < clock_timestamp() - interval '1 s'
"""


@pytest.fixture
def connect() -> Iterator[Connect]:
    engines = []

    def make(dsn: str) -> Connection:
        engines.append(
            create_engine(dsn.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        )
        return engines[-1].connect()

    yield make
    for engine in engines:
        engine.dispose()


def holdups(connection: Connection, *groups: str) -> Holdups:
    with connection:
        plan = Request(Mapping(), groups, "CASCADE").plan(connection)
        return find_holdups(connection, plan, older_than_s=0.0)


def begun(clinic: Database, sql: str, *, snapshot: bool = False) -> psycopg.Connection[Any]:
    held = clinic.connect(autocommit=False)
    if snapshot:
        held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    held.execute(sql)
    return held


def test_who_is_waited_for_and_who_is_not(
    connect: Connect, clinic: Database, database: MakeDatabase
) -> None:
    clean(clinic).execute("CREATE TABLE aside (id int)")
    reader = begun(clinic, "SELECT count(*) FROM recordings").info.backend_pid
    seer = begun(clinic, "SELECT count(*) FROM aside", snapshot=True).info.backend_pid
    begun(clinic, "INSERT INTO aside VALUES (1)")
    begun(database(), "SELECT 1", snapshot=True)
    found = holdups(connect(clinic.dsn), "indexes").oldest
    assert [(each.pid, each.on_tables) for each in found] == [(reader, True), (seer, False)]
    found = holdups(connect(clinic.dsn), "required").oldest
    assert [each.pid for each in found] == [reader], "only a build waits for snapshots"


def test_only_some_are_named(connect: Connect, clinic: Database) -> None:
    for _ in range(7):
        begun(clean(clinic), "SELECT 1", snapshot=True)
    found = holdups(connect(clinic.dsn), "indexes")
    assert (len(found.oldest), found.more) == (5, 2)
    assert "2 more transactions" in found.sentences[-1]


def test_what_a_role_may_not_see_is_said(connect: Connect, clinic: Database) -> None:
    begun(clean(clinic), "SELECT 1", snapshot=True)
    clinic.connect()
    owner = owned(clinic)
    found = holdups(connect(owner), "indexes")
    assert (found.oldest, found.hidden) == ((), 1)
    assert "1 transaction of other roles" in found.sentences[0]


def test_said_before_the_first_statement(petrec: Petrec, clinic: Database) -> None:
    held = begun(clean(clinic), "SELECT count(*) FROM recordings")
    pid = held.info.backend_pid
    until(lambda: clinic.execute(OLD, (pid,)) == [(1,)])
    apply = ("constraints", "apply", "--yes", "--group", "required", "--deadline", "0.5")
    ended = petrec(*apply, dsn=clinic.dsn)
    assert ended.code == 3
    lines = ended.err.splitlines()
    before = lines[: next(i for i, line in enumerate(lines) if "ALTER TABLE" in line)]
    (said,) = (line for line in before if line.startswith(f"pid {pid} has had a transaction open"))
    assert "(idle in transaction, postgres): it locks a table that the plan changes" in said


@pytest.mark.full
def test_a_prepared_transaction_is_named(
    petrec: Petrec,
    connect: Connect,
    private_cluster: Callable[[], Cluster],
    database: MakeDatabase,
) -> None:
    server = private_cluster()
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_prepared_transactions = 5")
    server.stop("fast")
    server.start_again()
    clinic = clean(database("clinic", server))
    writer = begun(clinic, "UPDATE recordings SET status = status")
    writer.execute("PREPARE TRANSACTION 'lost'")
    for again in (False, True):
        if again:
            server.stop("fast")
            server.start_again()
        found = holdups(connect(clinic.dsn), "indexes").oldest
        assert [(each.gid, each.on_tables) for each in found] == [("lost", True)]
        assert "ROLLBACK PREPARED" in found[0].sentence
    for group in ("required", "indexes"):
        act = ("constraints", "apply", "--yes", "--group", group, "--deadline", "2")
        ended = petrec(*act, "--cancel-blockers", dsn=clinic.dsn)
        assert ended.code == 3
        assert "waiting for prepared transaction 'lost' (postgres, since" in ended.err
    clinic.execute("ROLLBACK PREPARED 'lost'")
