"""The search path: pg_catalog, and schemas in which only trusted roles create objects.

A role with a function or an operator in a schema of the path can have it called with the
privileges of the role that runs petrec: https://www.postgresql.org/docs/current/typeconv-func.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import SchemaMismatchError, SettingsError
from petrec.settings import LOGICAL_COLUMNS
from petrec.settings import Mapping as TableMapping

# Of domains and arrays the types beneath; what enums, ranges and records have is in pg_catalog.
# A stranger is a role that is no superuser, not this one, and could not become the owner of
# recordings. Roles of the server do not count: their members are checked themselves.
# What a stranger made while it could stays; a name that others have as well may call it by mistake.
_SCHEMAS = text("""
WITH RECURSIVE named AS (
    SELECT * FROM unnest(CAST(:tables AS text[]), CAST(:columns AS text[])) AS n (rel, att)
), used AS (
    SELECT n.rel, a.attname::text AS att, t.oid, t.typtype, t.typnamespace, t.typname,
           CASE WHEN t.typtype = 'd' THEN t.typbasetype
                WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS beneath
    FROM named n
    JOIN pg_class c ON c.relname = n.rel
    JOIN pg_namespace home ON home.oid = c.relnamespace AND home.nspname = :schema
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                       AND (a.attname = n.att OR n.rel = ANY (:filtered))
    JOIN pg_type t ON t.oid = a.atttypid
    UNION
    SELECT u.rel, u.att, t.oid, t.typtype, t.typnamespace, t.typname,
           CASE WHEN t.typtype = 'd' THEN t.typbasetype
                WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END
    FROM used u JOIN pg_type t ON t.oid = u.beneath
), types AS (
    SELECT DISTINCT ON (s.nspname) s.oid, u.typname::text AS type, u.rel, u.att
    FROM used u JOIN pg_namespace s ON s.oid = u.typnamespace
    WHERE u.typtype = 'b' AND u.beneath = 0 AND s.nspname <> 'pg_catalog'
    ORDER BY s.nspname, u.rel, u.att
), named_alike AS (
    SELECT p.pronamespace AS home, p.proowner AS owner,
           format('DROP ROUTINE %s;', CAST(p.oid AS regprocedure)) AS removal
    FROM pg_proc p
    WHERE EXISTS (SELECT FROM pg_proc o
                  WHERE o.proname = p.proname AND o.proowner <> p.proowner
                    AND o.pronamespace IN (p.pronamespace, to_regnamespace('pg_catalog')))
    UNION ALL
    SELECT p.oprnamespace, p.oprowner, format('DROP OPERATOR %s;', CAST(p.oid AS regoperator))
    FROM pg_operator p
    WHERE EXISTS (SELECT FROM pg_operator o
                  WHERE o.oprname = p.oprname AND o.oprowner <> p.oprowner
                    AND o.oprnamespace IN (p.oprnamespace, to_regnamespace('pg_catalog')))
)
SELECT n.nspname::text AS schema, quote_ident(n.nspname) AS name,
       t.type, t.rel AS table, t.att AS column,
       EXISTS (SELECT FROM aclexplode(n.nspacl) g
               WHERE g.grantee = 0 AND g.privilege_type = 'CREATE') AS public,
       array(SELECT quote_ident(r.rolname) FROM pg_roles r
             WHERE r.oid = ANY (strangers.ids) AND has_schema_privilege(r.oid, n.oid, 'CREATE')
             ORDER BY r.rolname) AS creators,
       array(SELECT a.removal FROM named_alike a
             WHERE a.home = n.oid AND a.owner = ANY (strangers.ids)
             ORDER BY a.removal) AS removals
FROM pg_namespace n
LEFT JOIN types t ON t.oid = n.oid
CROSS JOIN pg_namespace home
JOIN pg_class c ON c.relnamespace = home.oid AND c.relname = :recordings
CROSS JOIN LATERAL (
    SELECT array_agg(r.oid) AS ids FROM pg_roles r
    WHERE NOT r.rolsuper AND r.rolname <> current_user AND r.rolname !~ '^pg_'
      AND NOT pg_has_role(r.oid, c.relowner, 'MEMBER')
      AND NOT (t.oid IS NOT NULL AND pg_has_role(r.oid, n.nspowner, 'MEMBER'))
) AS strangers
WHERE (t.oid IS NOT NULL OR n.nspname = ANY (:schemas)) AND home.nspname = :schema
ORDER BY n.nspname
""")

_SHOWN = 5


@dataclass(frozen=True)
class SearchPath:
    """The schemas besides pg_catalog: for reads, and for writes, which may fire triggers."""

    reading: tuple[str, ...] = ()
    writing: tuple[str, ...] = ()
    # How the application's schema could be added to the search path; empty if it is there.
    advice: str = ""


def read_search_path(
    connection: Connection, mapping: TableMapping, more: Sequence[str] = ()
) -> SearchPath:
    """Return the search path; `more` are schemas that the settings add.

    Errors: SchemaMismatchError, SettingsError for a schema in which other roles can create objects.
    """
    home, found = mapping.schema, _schemas(connection, mapping, more)
    remedies = {row.schema: _remedy(row) for row in found}
    types = [row for row in found if row.type]
    for row in types:
        if remedies[row.schema]:
            raise _untrusted_type(row, remedies[row.schema])
    for name in more:
        if remedies.get(name) != "":
            raise _untrusted(name, remedies)
    reading, advice = [*(row.schema for row in types), *more], remedies.get(home, "")
    return SearchPath(_once(reading), _once(reading if advice else [*reading, home]), advice)


def _untrusted_type(row: Any, remedy: str) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"{row.table}.{row.column} is of type {row.type} in schema {row.schema!r}, where other "
        "roles can create or own operators that petrec would call",
        hint=remedy,
    )


def _untrusted(name: str, remedies: Mapping[str, str]) -> SettingsError:
    if name not in remedies:
        return SettingsError(f"[session] search_path: there is no schema {name!r}")
    return SettingsError(
        f"[session] search_path: other roles can create or own functions in schema {name!r}",
        hint=remedies[name],
    )


def _schemas(connection: Connection, mapping: TableMapping, more: Sequence[str]) -> Sequence[Any]:
    """Return the schemas of types outside pg_catalog, with one column of each, and the others."""
    mapped = [
        (mapping.table(table), mapping.column(table, column))
        for table, columns in LOGICAL_COLUMNS.items()
        for column in sorted(columns)
    ]
    values = {
        "schema": mapping.schema,
        "recordings": mapping.table("recordings"),
        "tables": [table for table, _ in mapped],
        "columns": [column for _, column in mapped],
        # Their conditions may name any column.
        "filtered": [mapping.table(table) for table in mapping.where],
        "schemas": [mapping.schema, *more],
    }
    return connection.execute(_SCHEMAS, values).all()


def _remedy(row: Any) -> str:
    """Return what makes a schema one of trusted roles alone; empty if it is."""
    steps = []
    if row.creators:
        whom = "PUBLIC" if row.public else ", ".join(row.creators[:_SHOWN])
        steps.append(f"REVOKE CREATE ON SCHEMA {row.name} FROM {whom};")
    if row.removals:
        steps.append("read what other roles made there, then " + " ".join(row.removals[:_SHOWN]))
    return " ".join(steps)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name != "pg_catalog")
