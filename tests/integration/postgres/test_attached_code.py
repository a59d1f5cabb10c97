"""Code that another role attached to petrec's own tables is refused, not run."""

from petrec.features.runs.journal.presence import _OTHERS_CODE
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import MakeDatabase

# What runs with the rights of whoever writes to a table, and how it is taken away again.
ATTACHED = {
    "a trigger": (
        "CREATE TRIGGER t BEFORE INSERT ON petrec.runs FOR EACH ROW EXECUTE FUNCTION petrec.call()",
        "DROP TRIGGER t ON petrec.runs",
    ),
    "a rule": (
        "CREATE RULE r AS ON UPDATE TO petrec.runs DO ALSO INSERT INTO public.calls VALUES ('r')",
        "DROP RULE r ON petrec.runs",
    ),
    "a default": (
        "ALTER TABLE petrec.skips ADD extra text DEFAULT petrec.word()",
        "ALTER TABLE petrec.skips DROP extra",
    ),
    "a check": (
        "ALTER TABLE petrec.changes ADD CONSTRAINT c CHECK (petrec.word() IS NOT NULL)",
        "ALTER TABLE petrec.changes DROP CONSTRAINT c",
    ),
    "an index": ("CREATE INDEX i ON petrec.runs (petrec.word())", "DROP INDEX petrec.i"),
    "a type": (
        "CREATE DOMAIN petrec.d AS int CHECK (petrec.word() IS NOT NULL);"
        "ALTER TABLE petrec.runs ADD extra petrec.d",
        "ALTER TABLE petrec.runs DROP extra",
    ),
    "a child": (
        "CREATE TABLE petrec.child () INHERITS (petrec.plan_items)",
        "DROP TABLE petrec.child",
    ),
}


def test_code_that_another_role_attached_to_the_journal_is_not_run(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    """Whoever may create schemas may have made petrec's before petrec did."""
    clinic = database(server=any_cluster)
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    role = f"stranger_{clinic.name}"
    clinic.execute(f"CREATE ROLE {role} LOGIN")
    clinic.execute(f"""
        CREATE TABLE public.calls (name text); GRANT INSERT ON public.calls TO PUBLIC;
        GRANT USAGE, CREATE ON SCHEMA petrec TO {role}; SET ROLE {role};
        CREATE FUNCTION petrec.call() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO public.calls VALUES (current_user); RETURN NEW; END';
        CREATE FUNCTION petrec.word() RETURNS text IMMUTABLE LANGUAGE plpgsql AS
            'BEGIN RETURN 1; END'; RESET ROLE;
        ALTER TABLE petrec.runs OWNER TO {role}; ALTER TABLE petrec.skips OWNER TO {role};
        ALTER TABLE petrec.changes OWNER TO {role}; ALTER TABLE petrec.plan_items OWNER TO {role}
        """)
    for name, (attach, detach) in ATTACHED.items():
        clinic.execute(f"SET ROLE {role}; {attach}")
        status = petrec("runs", "list", dsn=clinic.dsn)
        assert (status.code, "code of another role" in status.err) == (2, True), (name, status.err)
        clinic.execute(f"SET ROLE {role}; {detach}")
    assert petrec("runs", "list", dsn=clinic.dsn).code == 0
    clinic.execute(f"SET ROLE {role}; {ATTACHED['a trigger'][0]}")
    assert petrec("audit", dsn=clinic.dsn).code == 1
    for command in ("backfill --apply --yes", "runs undo 1 --yes", "report --record"):
        ended = petrec(*command.split(), dsn=clinic.dsn)
        assert (ended.code, "code of another role" in ended.err) == (2, True), (command, ended.err)
    assert clinic.execute("SELECT * FROM calls") == []


MANY = """
DO $$ BEGIN FOR n IN 1 .. 150 LOOP
  EXECUTE format('CREATE TABLE many.t%s (
      id bigint PRIMARY KEY DEFAULT length(''x''), CHECK (id > 0))', n);
END LOOP; END $$
"""


def test_the_question_reads_no_more_where_others_have_many_tables(
    petrec: Petrec, database: MakeDatabase
) -> None:
    clinic = database()
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0

    def blocks() -> int:
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {_OTHERS_CODE}"
        return int(clinic.execute(explained)[0][0][0]["Plan"]["Shared Hit Blocks"])

    blocks()
    before = blocks()
    for statement in ("CREATE SCHEMA many", MANY, "VACUUM ANALYZE"):
        clinic.execute(statement)
    blocks()
    assert blocks() < 2 * before
