"""petrec's own tables are created where they may be, and never changed by an older petrec."""

import pytest
from sqlalchemy import text

from petrec.errors import JournalVersionError, PermissionMissingError, SchemaMismatchError
from petrec.features.runs.journal.install import install_journal, only_writer
from petrec.features.runs.journal.lock import is_held
from petrec.features.runs.journal.presence import is_readable, journal_hindrances
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings
from petrec.version import __version__
from tests.plugins.databases import Database

NAME = '"public"."recordings"'
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'petrec'"


def test_a_role_that_may_create_no_schema_is_told_what_to_ask_for(empty_database: Database) -> None:
    name = empty_database.name
    role = f"plain_{name}"
    empty_database.execute(f"CREATE ROLE {role} LOGIN")
    dsn = empty_database.cluster.dsn(name, role)
    engine = make_engine(resolve_dsn(dsn, None), Settings(), "test")
    with engine.connect() as connection:
        grant = f"GRANT CREATE ON DATABASE {name} TO {role};"
        assert journal_hindrances(connection) == [f"it needs {grant}"]
    with pytest.raises(PermissionMissingError, match=f"role {role} may not create") as refused:
        install_journal(engine)
    assert f"CREATE SCHEMA petrec AUTHORIZATION {role}; or {grant}" in refused.value.hint
    empty_database.execute(grant)
    with engine.connect() as connection:
        assert (journal_hindrances(connection), is_readable(connection)) == ([], False)
    install_journal(engine)
    with engine.connect() as connection:
        assert (journal_hindrances(connection), is_readable(connection)) == ([], True)
    empty_database.execute(f"REVOKE UPDATE ON petrec.skips FROM {role}")
    with engine.connect() as connection:
        (lacking,) = journal_hindrances(connection)
    assert lacking.endswith(f" ON petrec.skips TO {role};")
    empty_database.execute(f"ALTER SCHEMA petrec OWNER TO postgres; REVOKE ALL ON SCHEMA petrec "
                           f"FROM {role}")  # fmt: skip
    with engine.connect() as connection:
        usage = f"it needs GRANT USAGE ON SCHEMA petrec TO {role};"
        assert (journal_hindrances(connection), is_readable(connection)) == ([usage], False)
    empty_database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_tables_of_another_application_are_named(empty_database: Database) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    empty_database.execute("""
        CREATE SCHEMA petrec; CREATE TABLE petrec.runs (id int, run_id int);
        CREATE VIEW petrec.skips AS SELECT 1 AS run_id; CREATE TABLE petrec.edits (run_id int);
        CREATE TABLE petrec.others ()
    """)
    with pytest.raises(SchemaMismatchError, match=r"did not create runs, skips in it\n") as refused:
        install_journal(engine)
    assert "ALTER SCHEMA petrec RENAME TO" in refused.value.hint
    assert empty_database.execute(TABLES) == [(3,)]


def test_tables_of_a_newer_version_are_left_alone(empty_database: Database) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    install_journal(engine)
    tables = empty_database.execute(TABLES)
    install_journal(engine)
    assert empty_database.execute(TABLES) == tables
    empty_database.execute("UPDATE petrec.alembic_version SET version_num = 'ffff'")
    with pytest.raises(JournalVersionError) as refused:
        install_journal(engine)
    assert refused.value.hint.endswith(__version__)
    assert empty_database.execute(TABLES) == tables


def test_the_only_writer_plans_in_one_transaction(empty_database: Database) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    with engine.connect() as other:
        with only_writer(engine, NAME) as connection:
            connection.execute(text("CREATE TABLE public.planned ()"))
            assert is_held(other, NAME)
            assert empty_database.execute("SELECT to_regclass('planned')") == [(None,)]
        assert not is_held(other, NAME)
    assert empty_database.execute("SELECT to_regclass('planned')") == [("planned",)]
