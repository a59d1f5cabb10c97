"""What role, database or server set never reaches a session of petrec, and none is left changed."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text

from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.session_state import keep_session
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Settings, Timeouts
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.pooler import Pooled

# What others may have set, and what petrec states instead.
ODD = {
    "search_path": ("public, pg_catalog", "pg_catalog, pg_temp"),
    "datestyle": ("SQL, DMY", "ISO, MDY"),
    "intervalstyle": ("iso_8601", "postgres"),
    "timezone": ("Asia/Kolkata", "UTC"),
    "client_encoding": ("LATIN1", "UTF8"),
    "bytea_output": ("escape", "hex"),
    "extra_float_digits": ("-5", "1"),
    "standard_conforming_strings": ("off", "on"),
    "quote_all_identifiers": ("on", "off"),
    "array_nulls": ("off", "on"),
    "transform_null_equals": ("on", "off"),
    "row_security": ("on", "off"),
    "jit": ("on", "off"),
    "exit_on_error": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "default_transaction_read_only": ("on", "off"),
    "default_transaction_deferrable": ("on", "off"),
    "lock_timeout": ("20s", "4s"),
    "statement_timeout": ("20s", "1min"),
    "idle_in_transaction_session_timeout": ("20s", "0"),
    "idle_session_timeout": ("20s", "0"),
    "transaction_timeout": ("20s", "0"),
}
NEW = {"transaction_timeout": 17}
OWN = {"lock_timeout": "200ms", "statement_timeout": "30s", "synchronous_commit": "off"}


def odd(clinic: Database) -> dict[str, str]:
    """Set everything otherwise for the database; returns what petrec is to state."""
    known = {k: v for k, v in ODD.items() if NEW.get(k, 0) <= clinic.cluster.major}
    with clinic.connect() as admin:
        for name, (value, _) in known.items():
            quoted = value if name == "search_path" else f"'{value}'"
            admin.execute(f"ALTER DATABASE {clinic.name} SET {name} = {quoted}")
    return {name: stated for name, (_, stated) in known.items()}


def engine_of(dsn: str) -> Engine:
    timeouts = Timeouts(read_lock_ms=4_000, read_statement_ms=60_000)
    return make_engine(resolve_dsn(dsn, None), Settings(timeouts=timeouts), "test")


def settings_of(connection: Connection, names: dict[str, str]) -> dict[str, str]:
    query = text("SELECT pg_catalog.current_setting(:name)")
    return {name: str(connection.scalar(query, {"name": name})) for name in names}


def test_every_kind_of_session_states_all_that_it_relies_on(
    database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    stated = odd(clinic)
    engine = engine_of(clinic.dsn)
    level = {"transaction_isolation": "", "transaction_read_only": "", "transaction_deferrable": ""}
    with read_snapshot(engine) as connection:
        assert settings_of(connection, stated) == stated
        assert list(settings_of(connection, level).values()) == ["repeatable read", "on", "off"]
    with engine.connect() as connection:
        for _ in range(2):
            assert settings_of(connection, stated) == stated
            assert list(settings_of(connection, level).values()) == ["read committed", "off", "off"]
            connection.commit()
        keep_session(connection, OWN)
        for _ in range(2):
            assert settings_of(connection, stated | OWN) == stated | OWN
            connection.rollback()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert settings_of(connection, stated) == stated


@pytest.mark.parametrize("own", [False, True])
def test_nothing_is_left_in_a_pooled_session(clinic: Database, pooled: Pooled, own: bool) -> None:
    more = "default_pool_size = 1\nserver_reset_query ="
    dsn = pooled(clinic.dsn, "session", more)
    engine = engine_of(dsn)
    with clinic.connect() as plain:
        names = dict.fromkeys([*ODD, *OWN], "")
        before = {name: plain.execute(f"SHOW {name}").fetchone() for name in names}
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.commit()
        if own:
            keep_session(connection, OWN)
    with psycopg.connect(dsn, autocommit=True) as next_client:
        assert next_client.execute("SELECT pg_backend_pid()").fetchone() == (pid,)
        after = {name: next_client.execute(f"SHOW {name}").fetchone() for name in names}
    assert after == before


def test_no_command_leaves_anything_in_the_sessions_of_a_shared_pool(
    petrec: Petrec, clinic: Database, pooled: Pooled
) -> None:
    """An application that gets the session next would look its tables up in pg_catalog."""
    dsn = pooled(clinic.dsn, "transaction", "default_pool_size = 2")
    names = [n for n in (*ODD, *OWN) if NEW.get(n, 0) <= clinic.cluster.major]
    with clinic.connect() as plain:
        before = {name: plain.execute(f"SHOW {name}").fetchone() for name in names}
    for command, codes in (
        ("audit", {1}), ("backfill --apply --yes", {2}), ("runs list", {0}),
        ("report --record", {2}), ("constraints apply --group indexes --yes", {2}),
    ):  # fmt: skip
        assert petrec(*command.split(), dsn=dsn).code in codes, command
        with psycopg.connect(dsn) as one, psycopg.connect(dsn) as two:
            for client in (one, two):
                after = {name: client.execute(f"SHOW {name}").fetchone() for name in before}
                assert after == before, command
            locks = one.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert locks.fetchone() == (0,), command


def test_every_command_works_whatever_the_database_sets(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    odd(clinic)
    clinic.execute("SET transaction_read_only = off; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for command, code in (
        ("audit", 1), ("backfill", 0), ("backfill --apply --yes", 0), ("runs list", 0),
        ("review export --output cases.csv", 0), ("report --record", 1), ("validate", 1),
        ("runs undo 1 --yes", 0), ("constraints apply --group indexes --yes", 0),
    ):  # fmt: skip
        ended = petrec(*command.split(), dsn=clinic.dsn)
        assert ended.code == code, (command, ended.err)


def test_a_lock_that_cannot_be_had_ends_a_backfill_that_plans(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text("[timeouts]\nread_lock_ms = 100\n")
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
        ended = petrec("backfill", "--apply", "--yes", dsn=clinic.dsn)
    assert (ended.code, "lock" in ended.err) == (3, True)


LOG = """
CREATE TABLE pet_log (recording uuid);
CREATE FUNCTION log_pet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.pet_log VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER log_pet AFTER UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION log_pet();
"""


def test_the_applications_triggers_see_what_is_written_by_a_role_that_skips_them(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute(LOG)
    clinic.execute(f"ALTER DATABASE {clinic.name} SET session_replication_role = replica")
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM pet_log") == [(395,)]


def test_a_role_that_must_skip_triggers_reads_and_does_not_write(
    petrec: Petrec, clinic: Database
) -> None:
    role = f"skips_{clinic.name}"
    clinic.execute(f"""CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role};
        GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
        GRANT CREATE ON DATABASE {clinic.name} TO {role};
        ALTER ROLE {role} SET session_replication_role = replica""")
    dsn = clinic.cluster.dsn(clinic.name, role)
    assert petrec("audit", dsn=dsn).code == 1
    ended = petrec("backfill", "--apply", "--yes", dsn=dsn)
    assert (ended.code, "session_replication_role" in ended.err) == (3, True), ended.err
    clinic.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
