"""petrec's own tables are created where they may be, and never changed by an older petrec."""

import sys

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from petrec.errors import JournalVersionError, PermissionMissingError, SchemaMismatchError
from petrec.features.runs.journal.install import (
    alembic_config,
    install_journal,
    migrations_path,
    only_writer,
)
from petrec.features.runs.journal.lock import is_held
from petrec.features.runs.journal.presence import (
    is_readable,
    journal_hindrances,
    recorded_revisions,
)
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings
from petrec.version import __version__
from tests.plugins.databases import Database

NAME = '"public"."recordings"'
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'petrec'"
pytestmark = pytest.mark.no_journal


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


def test_tables_that_are_the_newest_need_no_alembic(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    install_journal(engine)
    monkeypatch.setitem(sys.modules, "alembic", None)
    install_journal(engine)
    with pytest.raises(ImportError, match="alembic"):
        install_journal(engine, "outbox")


def test_older_tables_are_upgraded_and_those_of_a_newer_branch_refused(
    empty_database: Database,
) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    install_journal(engine)
    install_journal(engine, "history")
    with engine.connect() as connection:
        newest = recorded_revisions(connection)
        command.downgrade(alembic_config(connection), "journal@-1")
        connection.commit()
        assert recorded_revisions(connection) != newest
    install_journal(engine)
    with engine.connect() as connection:
        assert recorded_revisions(connection) == newest
    empty_database.execute("INSERT INTO petrec.alembic_version VALUES ('9999_new')")
    with pytest.raises(JournalVersionError):
        install_journal(engine)


def test_a_revision_has_the_name_of_its_file_and_its_branch_that_of_the_directory(
    empty_database: Database,
) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
    directories = {file.parent.name: file.parent for file in migrations_path().rglob("v*/*/*.py")}
    for branch in {label for each in script.walk_revisions() for label in each.branch_labels}:
        files = sorted(directories.pop(branch).glob("*.py"))
        order = list(script.iterate_revisions(f"{branch}@head", f"{branch}@base"))
        assert [each.revision for each in reversed(order)] == [file.stem for file in files]
        assert {each.module.__file__ for each in order} == {str(file) for file in files}
    assert directories == {}


def test_the_only_writer_plans_in_one_transaction(empty_database: Database) -> None:
    engine = make_engine(resolve_dsn(empty_database.dsn, None), Settings(), "test")
    with engine.connect() as other:
        with only_writer(engine, NAME) as connection:
            connection.execute(text("CREATE TABLE public.planned ()"))
            assert is_held(other, NAME)
            assert empty_database.execute("SELECT to_regclass('planned')") == [(None,)]
        assert not is_held(other, NAME)
    assert empty_database.execute("SELECT to_regclass('planned')") == [("planned",)]
