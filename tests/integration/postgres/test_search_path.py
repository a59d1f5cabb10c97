"""Nothing that another role made is called, and the application's own triggers go on working."""

import re
from pathlib import Path

import pytest

import petrec as package
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

LOG = """
CREATE TABLE pet_log (recording uuid, pet uuid, at timestamptz DEFAULT now());
CREATE FUNCTION log_pet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO pet_log VALUES (NEW.id, NEW.pet_id); RETURN NEW; END $$;
CREATE TRIGGER log_pet AFTER UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION log_pet();
"""
# Everything that a call or an operator of petrec's could resolve to, were `public` looked in.
HOSTILE = """
CREATE TABLE public.calls (name text);
GRANT INSERT ON public.calls TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
SET ROLE {role};
DO $do$
DECLARE f record; types text;
BEGIN
  FOR f IN
    SELECT DISTINCT ON (p.proname, p.pronargs) p.proname, p.pronargs, p.prokind,
           p.proargtypes::oid[] AS args, p.prorettype
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'pg_catalog' AND p.prokind = 'f' AND NOT p.proretset
      AND p.proname = ANY ({functions})
      AND p.prorettype NOT IN (2278, 2279, 3838) AND 2281 <> ALL (p.proargtypes::oid[])
      AND p.provariadic = 0
  LOOP
    SELECT string_agg(CASE a.type::regtype::text
                      WHEN 'text' THEN 'varchar' WHEN '"any"' THEN 'varchar'
                      WHEN 'anyelement' THEN 'bigint' WHEN 'anyarray' THEN 'bigint[]'
                      WHEN 'name' THEN 'text' WHEN 'bigint' THEN 'integer'
                      ELSE a.type::regtype::text END, ', ' ORDER BY a.place)
    INTO types FROM unnest(f.args) WITH ORDINALITY AS a (type, place);
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE plpgsql AS '
        '$f$BEGIN INSERT INTO public.calls VALUES (%L); RETURN NULL; END$f$',
        f.proname, types, f.proname);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $do$;
CREATE FUNCTION public.equal(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS
$f$BEGIN INSERT INTO public.calls VALUES ('='); RETURN false; END$f$;
CREATE FUNCTION public.equal(text, varchar) RETURNS boolean LANGUAGE sql AS
'SELECT public.equal($1::varchar, $2)';
CREATE FUNCTION public.equal(name, varchar) RETURNS boolean LANGUAGE sql AS
'SELECT public.equal($1::varchar, $2)';
CREATE OPERATOR public.= (leftarg = varchar, rightarg = varchar, function = public.equal);
CREATE OPERATOR public.= (leftarg = text, rightarg = varchar, function = public.equal);
CREATE OPERATOR public.= (leftarg = name, rightarg = varchar, function = public.equal);
CREATE OPERATOR public.<> (leftarg = varchar, rightarg = varchar, function = public.equal);
CREATE OPERATOR public.|| (leftarg = varchar, rightarg = varchar, function = public.equal);
RESET ROLE;
"""
COMMANDS = (
    "audit",
    "audit --rows mismatched",
    "validate",
    "backfill",
    "backfill --apply --yes",
    "runs list",
    "runs undo 1 --yes",
    "review export --output cases.csv",
    "review status",
    "constraints plan",
    "constraints status",
    "constraints apply --group indexes --yes",
    "report --no-history",
    "report --record",
)


def stranger(clinic: Database) -> str:
    """MakeDatabase a role that owns nothing; returns its name."""
    clinic.execute(f"CREATE ROLE {stranger_of(clinic)} LOGIN")
    return stranger_of(clinic)


def stranger_of(clinic: Database) -> str:
    """Return the name of the database's stranger."""
    return f"stranger_{clinic.name}"


def hostile(clinic: Database, functions: list[str]) -> None:
    """Let another role fill public with functions of these names, and with operators."""
    names = "ARRAY[" + ", ".join(f"'{name}'" for name in functions) + "]"
    with clinic.connect() as connection:
        script = HOSTILE.replace("{role}", stranger(clinic)).replace("{functions}", names)
        connection.execute(script)


def named_functions() -> list[str]:
    """Return every word of petrec's source that is followed by a parenthesis."""
    words: set[str] = set()
    for file in Path(package.__file__).parent.rglob("*.py"):
        words |= set(re.findall(r"\b([a-z_0-9]+)\(", file.read_text()))
    return sorted(words)


def test_nothing_that_another_role_made_is_called(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    hostile(clinic, named_functions())
    made = clinic.execute(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    assert made[0][0] > 50
    for command in COMMANDS:
        ended = petrec(*command.split(), dsn=clinic.dsn)
        assert ended.code in {0, 1}, (command, ended.err)
        assert clinic.execute("SELECT * FROM calls") == [], command


def test_triggers_find_the_tables_beside_them(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    clinic.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    clinic.execute(LOG)
    assert "not in the search_path" not in petrec("backfill", dsn=clinic.dsn).out
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM pet_log") == [(395,)]


def test_triggers_that_search_where_others_create_are_named(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute(LOG)
    clinic.execute(f"GRANT CREATE ON SCHEMA public TO {stranger(clinic)}")
    plan = petrec("backfill", dsn=clinic.dsn).out
    assert "not in the search_path of triggers" in plan
    assert "public.log_pet()" in plan
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 3
    assert clinic.execute("SELECT count(*) FROM pet_log") == [(0,)]
    clinic.execute("ALTER FUNCTION log_pet() SET search_path = public")
    assert "not in the search_path" not in petrec("backfill", dsn=clinic.dsn).out
    clinic.execute("ALTER FUNCTION log_pet() RESET search_path")
    revoke = re.search(r"REVOKE CREATE ON SCHEMA \w+ FROM \w+;", plan)
    assert revoke is not None
    clinic.execute(revoke[0])
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM pet_log") == [(395,)]


def test_what_another_role_made_while_it_could_is_not_called_afterwards(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    clinic.execute(LOG)
    hostile(clinic, ["quote_ident", "current_setting", "cardinality"])
    clinic.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert "not in the search_path of triggers" in petrec("backfill", dsn=clinic.dsn).out
    clinic.execute("ALTER FUNCTION log_pet() SET search_path = public")
    for command in ("backfill --apply --yes", "runs undo 1 --yes"):
        ended = petrec(*command.split(), dsn=clinic.dsn)
        assert (ended.code, clinic.execute("SELECT * FROM calls")) == (0, []), ended.err


def test_an_operator_that_another_role_left_beside_a_type_is_named_until_it_is_dropped(
    petrec: Petrec, clinic: Database
) -> None:
    who = stranger(clinic)
    clinic.execute(f"""
        CREATE EXTENSION citext; ALTER TABLE pets ALTER name TYPE citext;
        GRANT CREATE ON SCHEMA public TO {who}; SET ROLE {who};
        CREATE FUNCTION alike(citext, varchar) RETURNS bool LANGUAGE sql RETURN true;
        CREATE OPERATOR = (leftarg = citext, rightarg = varchar, function = alike);
        RESET ROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC, {who}""")
    refused = petrec("audit", dsn=clinic.dsn)
    removal = re.search("DROP OPERATOR .*;", refused.err)
    assert (refused.code, "pets.name is of type citext" in refused.err) == (2, True)
    assert removal is not None
    assert "alike(" not in removal[0]
    clinic.execute(removal[0])
    assert petrec("audit", dsn=clinic.dsn).code == 1


def test_a_type_in_whose_schema_others_may_create_is_refused(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster
) -> None:
    clinic = database(server=any_cluster)
    if not clinic.execute("SELECT name FROM pg_available_extensions WHERE name = 'citext'"):
        pytest.skip("no citext here")
    clinic.execute("CREATE EXTENSION citext; CREATE DOMAIN word AS citext")
    clinic.execute("ALTER TABLE pets ALTER name TYPE word")
    clinic.execute(f"GRANT CREATE ON SCHEMA public TO {stranger(clinic)}")
    refused = petrec("audit", dsn=clinic.dsn)
    assert (refused.code, "pets.name is of type citext" in refused.err) == (2, True)
    for grantee in ("PUBLIC", stranger_of(clinic)):
        clinic.execute(f"REVOKE CREATE ON SCHEMA public FROM {grantee}")
    for command in ("audit", "backfill --apply --yes", "runs undo 1 --yes", "review status"):
        assert petrec(*command.split(), dsn=clinic.dsn).code in {0, 1}


def test_schemas_that_the_settings_add_are_checked_alike(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text('[session]\nsearch_path = ["helpers"]\n')
    absent = petrec("audit", dsn=clinic.dsn)
    assert (absent.code, "no schema 'helpers'" in absent.err) == (2, True)
    clinic.execute(f"CREATE SCHEMA helpers; GRANT CREATE ON SCHEMA helpers TO {stranger(clinic)}")
    refused = petrec("audit", dsn=clinic.dsn)
    assert (refused.code, "REVOKE CREATE ON SCHEMA helpers" in refused.err) == (2, True)
    clinic.execute(refused.err.split("next: ")[1])
    clinic.execute(LOG.replace("CREATE TABLE ", "CREATE TABLE helpers."))
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute("SELECT count(*) FROM helpers.pet_log") == [(395,)]
