"""The host's pool: its connections come back as they were, and keep what they have prepared."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, event

from petrec.api import Options
from petrec.api.database import Database
from petrec.api.host.auth import Actors, Claims
from petrec.settings import Mapping
from tests.plugins.api import ADMIN, Api
from tests.plugins.databases import Database as Made

INSERT = "INSERT INTO public.notes VALUES (1)"
COUNT = "SELECT count(*) FROM public.notes"
# Executed so often, psycopg prepares a statement.
OFTEN = 7


@pytest.fixture
def made(database: Callable[..., Made]) -> Made:
    made = database("with_visits")
    made.execute("CREATE TABLE notes (n int)")
    return made


def engine_of(made: Made, **options: str) -> Engine:
    """Return an engine with one connection, so that each use is of the same."""
    url = made.cluster.dsn(made.name).replace("postgresql:", "postgresql+psycopg:")
    return create_engine(url, pool_size=1, max_overflow=0, pool_timeout=1, **options)


def fail(ours: Database) -> None:
    with ours.writing() as connection:
        connection.execute(INSERT)
        raise ZeroDivisionError


@pytest.mark.parametrize("level", ["READ COMMITTED", "AUTOCOMMIT"])
def test_connections_come_back_as_they_were(made: Made, level: str) -> None:
    engine = engine_of(made, isolation_level=level)
    ours = Database(engine)
    with pytest.raises(ZeroDivisionError):
        fail(ours)
    assert made.execute(COUNT) == [(0,)]
    with ours.writing() as connection:
        connection.execute(INSERT)
    with ours.reading() as connection:
        connection.execute(INSERT)
    assert made.execute(COUNT) == [(2,)]
    with engine.connect() as hosts:
        driver = _driver(hosts)
        assert driver.autocommit == (level == "AUTOCOMMIT")
        assert driver.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    engine.dispose()


def test_broken_connections_leave_the_pool(made: Made) -> None:
    engine = engine_of(made)
    pids: list[int] = []
    event.listen(engine, "connect", lambda driver, _: pids.append(driver.info.backend_pid))
    for use in (Database(engine).reading, Database(engine).writing):
        with pytest.raises(psycopg.OperationalError), use() as connection:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        with use() as connection:
            connection.execute("SELECT 1")
    assert len(set(pids)) == 3
    engine.dispose()


def test_looking_up_the_caller_forgets_no_prepared_statement(made: Made) -> None:
    engine = engine_of(made)
    actors = Actors(engine, Mapping(), Claims())
    ours = Database(engine)
    for _ in range(OFTEN):
        with ours.reading() as connection:
            connection.execute(COUNT)
        actors.actor({"sub": ADMIN})
    with ours.reading() as connection:
        kept = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert (COUNT,) in kept
    assert len(kept) == 2
    engine.dispose()


@pytest.mark.few(2)
@pytest.mark.parametrize("level", [None, "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"])
def test_transactions_are_petrecs_whatever_the_host_and_the_database_set(
    made: Made, level: str | None
) -> None:
    admin = made.connect()
    for setting in (
        "datestyle = 'SQL, DMY'",
        "client_encoding = 'LATIN1'",
        "timezone = 'Asia/Kolkata'",
        "search_path = public, pg_catalog",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
    ):
        admin.execute(f"ALTER DATABASE {made.name} SET {setting}")
    engine = engine_of(made, **({"isolation_level": level} if level else {}))
    with engine.connect() as hosts:
        before = _settings(_driver(hosts))
    ours = Database(engine)
    ours.schema(Mapping())
    with ours.writing() as connection:
        connection.execute(INSERT)
        found = _settings(connection)
        assert found[:4] == ("ISO, MDY", "UTF8", "UTC", "read committed")
        assert found[4].startswith("pg_catalog")
    with ours.reading() as connection:
        found = _settings(connection)
        assert found[:4] == ("ISO, MDY", "UTF8", "UTC", "repeatable read")
        assert found[4] == "pg_catalog, pg_temp"
    with engine.connect() as hosts:
        assert _settings(_driver(hosts)) == before
    engine.dispose()


def test_connections_that_a_host_wraps_see_what_begins(made: Made) -> None:
    made_cursors = []

    class Own(psycopg.Connection[Any]):
        def cursor(self, *given: Any, **named: Any) -> Any:
            made_cursors.append(1)
            return super().cursor(*given, **named)

    for kind, expected in ((psycopg.Connection, 0), (Own, 1)):
        engine = engine_of(made)
        event.listen(engine, "do_connect", lambda _, __, ___, named, k=kind: k.connect(**named))
        # What SQLAlchemy asks a new connection first needs cursors, too.
        engine.connect().close()
        made_cursors.clear()
        with Database(engine).writing() as connection:
            assert len(made_cursors) == expected
            assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        engine.dispose()


@pytest.mark.parametrize("moment", ["connect", "checkout"])
def test_hooks_of_the_host_may_leave_a_transaction_open(made: Made, moment: str) -> None:
    for statement in ("SET application_name = 'theirs'", "SELECT 1 / 0"):
        engine = engine_of(made)

        def hook(driver: psycopg.Connection[tuple[str]], *_: object, said: str = statement) -> None:
            with suppress(psycopg.Error):
                driver.execute(said)

        event.listen(engine, moment, hook)
        ours = Database(engine)
        ours.schema(Mapping())
        for use in (ours.writing, ours.reading):
            with use() as connection:
                row = connection.execute("SELECT current_setting('application_name')").fetchone()
                assert row == ("theirs" if "theirs" in statement else "",)
        engine.dispose()


def _driver(connection: Connection) -> psycopg.Connection[tuple[str, ...]]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _settings(connection: "psycopg.Connection[tuple[str, ...]]") -> tuple[str, ...]:
    names = ("datestyle", "client_encoding", "timezone", "transaction_isolation", "search_path")
    query = "SELECT " + ", ".join(f"pg_catalog.current_setting('{name}')" for name in names)
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def test_triggers_find_names_in_the_schemas_that_the_options_add(
    made: Made, make_api: Callable[..., Api]
) -> None:
    made.execute("""
        CREATE SCHEMA helpers; CREATE TABLE helpers.seen (id uuid);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO seen VALUES (NEW.id); RETURN NEW; END';
        CREATE TRIGGER note AFTER INSERT ON visits FOR EACH ROW EXECUTE FUNCTION note()""")
    pet, appointment = made.execute("SELECT pet_id, appointment_id FROM appointment_pets LIMIT 1")[
        0
    ]
    visit = {"pet_id": str(pet), "appointment_id": str(appointment), "visit_type": "checkup"}
    codes = []
    for path in ((), ("helpers",)):
        api = make_api(database=made, options=Options(search_path=path))
        codes.append(api.client.post("/api/v1/visits/", json=visit).status_code)
    assert codes == [500, 201]
    assert made.execute("SELECT count(*) FROM helpers.seen") == [(1,)]


def test_what_is_written_fires_triggers_and_what_the_host_does_is_its_own(made: Made) -> None:
    made.execute(f"ALTER DATABASE {made.name} SET session_replication_role = replica")
    engine = engine_of(made)
    ours = Database(engine)
    with ours.writing() as connection:
        assert connection.execute("SHOW session_replication_role").fetchone() == ("origin",)
    with ours.reading() as connection:
        assert connection.execute("SHOW session_replication_role").fetchone() == ("replica",)
    engine.dispose()
