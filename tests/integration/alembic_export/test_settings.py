"""What role and database have set otherwise, or made, does nothing to scripts and revisions."""

import subprocess
from pathlib import Path

from tests.integration.alembic_export.test_export import export, must, prepared
from tests.plugins.alembic_project import HostProject
from tests.plugins.binaries import client_program
from tests.plugins.command import Petrec
from tests.plugins.databases import MakeDatabase
from tests.plugins.servers import BINARIES, running

# Nearer to what names of the catalog are than anything of the server's own.
HOSTILE = """
CREATE TABLE public.calls (name text);
CREATE FUNCTION public.joined(a name, b text) RETURNS text LANGUAGE plpgsql AS
$$BEGIN INSERT INTO public.calls VALUES ('||'); RETURN textcat(a::text, b); END$$;
CREATE OPERATOR public.|| (leftarg = name, rightarg = text, function = public.joined);
CREATE FUNCTION public.starts_with(name, text) RETURNS boolean LANGUAGE plpgsql AS
$$BEGIN INSERT INTO public.calls VALUES ('starts_with'); RETURN true; END$$;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS
$$BEGIN INSERT INTO public.calls VALUES ('now'); RETURN pg_catalog.now(); END$$
"""
SEEN = """
from alembic import op

revision, down_revision = "seen", "{last}"


def upgrade():
    op.execute("CREATE TABLE seen AS SELECT current_setting('search_path') AS a,"
               " current_setting('statement_timeout') AS b, current_setting('lock_timeout') AS c")


def downgrade():
    pass
"""
GROUPS = ("--group", "indexes", "--group", "required")
LINES = "recordings\n; INSERT INTO calls VALUES ('a name'); --"


def test_revisions_call_nothing_of_others_and_give_settings_back(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    clinic = prepared(database, running(min(BINARIES)), "partitioned")
    clinic.execute(HOSTILE)
    clinic.execute(f"ALTER DATABASE {clinic.name} SET statement_timeout = '59s'")
    project = host_project(clinic.dsn)
    assert export(petrec, project, clinic, *GROUPS).code == 0
    last = next(project.versions.glob("*_petrec_required.py")).name.split("_")[0]
    (project.versions / "seen.py").write_text(SEEN.format(last=last))
    for direction in (("upgrade", "head"), ("downgrade", "first")):
        must(project, *direction)
        assert clinic.execute("SELECT * FROM calls") == []
    assert clinic.execute("SELECT * FROM seen") == [('"$user", public', "59s", "0")]


def test_a_script_calls_nothing_of_others(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path
) -> None:
    """A table's name is words in a remark of the script, whatever is in it."""
    clinic = prepared(database, running(max(BINARIES)), "partitioned")
    clinic.execute(HOSTILE)
    clinic.execute(f"ALTER DATABASE {clinic.name} SET search_path = public, pg_catalog")
    clinic.execute(f"ALTER DATABASE {clinic.name} SET default_transaction_read_only = on")
    with clinic.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER TABLE recordings_default RENAME TO "{LINES}"')
    script = tmp_path / "constraints.sql"
    planned = petrec("constraints", "plan", "--sql", "--output", str(script), dsn=clinic.dsn)
    assert planned.code == 0, planned.err
    psql = [str(client_program("psql")), "-qX", "-d", clinic.dsn, "-f", str(script)]
    ended = subprocess.run(psql, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", "")
    assert clinic.execute("SELECT * FROM calls") == []
    assert petrec("constraints", "status", dsn=clinic.dsn).code == 0
