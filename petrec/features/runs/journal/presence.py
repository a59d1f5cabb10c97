"""Whether petrec's own tables exist, are readable and writable, and their revisions."""

from sqlalchemy import Connection, Table, select, text

from petrec.errors import RunNotFoundError, SchemaMismatchError
from petrec.features.runs.journal.tables import (
    SCHEMA,
    changes,
    decisions,
    edits,
    link_changes,
    plan_items,
    revisions,
    runs,
    skips,
)

SCHEMA_EXISTS = text("SELECT to_regnamespace('petrec') IS NOT NULL")
MAY_CREATE = text(
    "SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_user),"
    " quote_ident(current_database())"
)
_MAY_USE = text("SELECT has_schema_privilege('petrec', 'USAGE'), quote_ident(current_user)")
_UNWRITABLE = text("""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = to_regnamespace('petrec') AND c.relname = ANY (CAST(:names AS text[]))
  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY 1
""")
_TABLES = [
    table.name for table in (runs, plan_items, changes, skips, decisions, link_changes, edits)
]
# By the catalog: to_regclass() fails where the role may not use the schema.
_JOURNAL = text("""
SELECT c.relname AS name,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'petrec' AND c.relname = ANY(:names) AND c.relkind = 'r'
""")
# Relations with the names of petrec's tables, but without the column that each of them has.
_FOREIGN = text("""
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'petrec' AND c.relname = ANY(:names) AND NOT (c.relkind = 'r' AND EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND NOT a.attisdropped
      AND a.attname = CASE c.relname WHEN 'runs' THEN 'undoes' ELSE 'run_id' END))
ORDER BY c.relname
""")
# Code that runs as the user of a table of the schema: of triggers, rules, policies, children, and
# of what columns, defaults, constraints and indexes call. The server's own objects are pinned,
# and so not in pg_depend: https://www.postgresql.org/docs/current/catalog-pg-depend.html
_OTHERS_CODE = text("""
WITH c AS MATERIALIZED (
    SELECT oid, relname, relowner, relkind FROM pg_class
    WHERE relnamespace = to_regnamespace('petrec') AND relkind IN ('r', 'p', 'i', 'I')
)
SELECT DISTINCT c.relname::text
FROM c CROSS JOIN LATERAL (
    SELECT p.proowner FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    UNION ALL SELECT c.relowner FROM pg_rewrite w WHERE w.ev_class = c.oid
    UNION ALL SELECT c.relowner FROM pg_policy y WHERE y.polrelid = c.oid
    UNION ALL SELECT c.relowner FROM pg_inherits h WHERE h.inhparent = c.oid AND c.relkind = 'r'
    UNION ALL SELECT c.relowner
    FROM (
        SELECT 'pg_catalog.pg_class'::regclass AS classid, c.oid AS objid
        UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, f.oid
        FROM pg_attrdef f WHERE f.adrelid = c.oid
        UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, k.oid
        FROM pg_constraint k WHERE k.conrelid = c.oid
    ) AS part JOIN pg_depend d ON d.classid = part.classid AND d.objid = part.objid
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
                           'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_opclass'::regclass)
) AS code (owner)
JOIN pg_roles r ON r.oid = code.owner
WHERE NOT r.rolsuper AND r.rolname <> current_user
ORDER BY 1
""")


def is_installed(connection: Connection) -> bool:
    """Return whether the journal's tables exist; errors: SchemaMismatchError."""
    refuse_foreign(connection)
    return bool(connection.scalars(_JOURNAL, {"names": [runs.name]}).all())


def is_readable(connection: Connection, *tables: Table) -> bool:
    """Return whether these tables of the journal exist and this role may read them."""
    names = {table.name for table in tables or (runs, changes)}
    found = connection.execute(_JOURNAL, {"names": sorted(names)})
    if {row.name for row in found if row.readable} != names:
        return False
    return not (_foreign(connection) or _others_code(connection))


def recorded_revisions(connection: Connection) -> set[str]:
    """Return the revisions of petrec's tables; none where this role may not read them."""
    found = connection.execute(_JOURNAL, {"names": [revisions.name]})
    if not any(row.readable for row in found):
        return set()
    return set(connection.scalars(select(revisions.c.version_num)))


def require_journal(connection: Connection, run_id: int) -> None:
    """Check that the journal exists; errors: RunNotFoundError, SchemaMismatchError."""
    if not is_installed(connection):
        raise RunNotFoundError(f"there is no run {run_id}", hint="petrec has written nothing")


def journal_hindrances(connection: Connection) -> list[str]:
    """Return the reasons why the journal could not be created or written; reads only."""
    if not connection.scalar(SCHEMA_EXISTS):
        allowed, role, database = connection.execute(MAY_CREATE).one()
        return [] if allowed else [f"it needs GRANT CREATE ON DATABASE {database} TO {role};"]
    usable, role = connection.execute(_MAY_USE).one()
    if not usable:
        return [f"it needs GRANT USAGE ON SCHEMA {SCHEMA} TO {role};"]
    lacking = connection.scalars(_UNWRITABLE, {"names": _TABLES})
    grant = "it needs GRANT SELECT, INSERT, UPDATE, DELETE ON"
    return [f"{grant} {SCHEMA}.{name} TO {role};" for name in lacking]


def _foreign(connection: Connection) -> list[str]:
    return list(connection.scalars(_FOREIGN, {"names": _TABLES}))


def _others_code(connection: Connection) -> list[str]:
    return list(connection.scalars(_OTHERS_CODE))


def refuse_foreign(connection: Connection) -> None:
    """Check that schema petrec belongs to petrec, and that no code of other roles runs in it.

    Errors: SchemaMismatchError.
    """
    if found := _others_code(connection):
        raise SchemaMismatchError(
            f"code of another role would run with your privileges: it is attached to "
            f"{', '.join(f'{SCHEMA}.{name}' for name in found)}",
            hint="drop these triggers, rules, defaults or types; or, if petrec has written "
            f"nothing yet, ALTER SCHEMA {SCHEMA} RENAME TO ...;",
        )
    if found := _foreign(connection):
        raise SchemaMismatchError(
            f"schema {SCHEMA!r} belongs to another application: petrec did not create "
            f"{', '.join(found)} in it",
            hint=f"petrec keeps its journal in schema {SCHEMA}: rename the other "
            f"schema with ALTER SCHEMA {SCHEMA} RENAME TO ...;",
        )
