"""The catalog queries: constraints, indexes and columns, invalid ones and builds under way too."""

from sqlalchemy import text

from petrec.postgres.catalog import TYPE_NAME
from petrec.postgres.enforced import ENFORCED, KEY_COLUMNS, REFERENCED

# As the planner does it: the rows per page at the last ANALYZE, times the current pages.
_ROWS = """(greatest(c.reltuples, 0) * CASE WHEN c.relpages > 0
    THEN pg_relation_size(c.oid)::float8 / current_setting('block_size')::int / c.relpages
    ELSE 1 END)::bigint"""
TABLES = text(f"""
SELECT c.relname::text AS name, c.oid::bigint AS oid, c.relkind::text AS relkind,
       {_ROWS} AS rows, pg_relation_size(c.oid) AS bytes, c.relpersistence::text AS persistence,
       c.relispartition AS partition,
       pg_has_role(c.relowner, 'USAGE') AS owned, pg_get_userbyid(c.relowner)::text AS owner,
       EXISTS (SELECT FROM pg_rewrite w
               WHERE w.ev_class = c.oid AND w.ev_type IN ('2', '4')) AS rules
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = ANY(:tables) AND c.relkind IN ('r', 'p')
""")  # noqa: S608 - constants
_PART = f"""t.relid::bigint AS oid, t.parentrelid::bigint AS parent,
       t.isleaf AS leaf, t.level AS level, c.relname::text AS name, n.nspname::text AS schema,
       c.relkind::text AS relkind, {_ROWS} AS rows,
       pg_relation_size(c.oid) AS bytes, pg_has_role(c.relowner, 'USAGE') AS owned,
       pg_get_userbyid(c.relowner)::text AS owner,
       has_schema_privilege(n.oid, 'USAGE') AS usable,
       has_schema_privilege(n.oid, 'CREATE') AS creatable"""
# Of each mapped table that is partitioned, itself and all below it, in whichever schema they are.
PARTS = text(f"""
SELECT r.relname::text AS root, {_PART}
FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
CROSS JOIN pg_partition_tree(r.oid) t JOIN pg_class c ON c.oid = t.relid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE rn.nspname = :schema AND r.relname = ANY(:tables) AND r.relkind = 'p'
ORDER BY r.relname, t.level, n.nspname, c.relname
""")  # noqa: S608 - constants
# Of a partition, itself and what is above it, up to the mapped table.
BRANCH = text(f"""
WITH above AS (
    SELECT a.relid, a.place, max(a.place) FILTER (
               WHERE n.nspname = :schema AND c.relname = ANY(:tables)) OVER () AS top
    FROM pg_partition_ancestors(to_regclass(:partition)) WITH ORDINALITY AS a (relid, place)
    JOIN pg_class c ON c.oid = a.relid JOIN pg_namespace n ON n.oid = c.relnamespace
), t AS (
    SELECT above.relid, h.inhparent AS parentrelid, c.relkind <> 'p' AS isleaf,
           (top - place)::int AS level
    FROM above JOIN pg_class c ON c.oid = above.relid
    LEFT JOIN pg_inherits h ON h.inhrelid = above.relid
    WHERE place <= top
)
SELECT r.relname::text AS root, {_PART}
FROM t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = (SELECT relid FROM t WHERE level = 0)
ORDER BY t.level
""")  # noqa: S608 - constants
# `width`: average bytes from pg_stats if visible, else the type's length, else 32. It is rounded up
# for types without a fixed length.
COLUMNS = text(f"""
SELECT c.relname::text AS table, a.attname::text AS name, a.attnotnull AS required,
       {TYPE_NAME} AS type, has_type_privilege(a.atttypid, 'USAGE') AS usable,
       a.attgenerated = 'v' AS virtual,
       has_column_privilege(c.oid, a.attnum, 'REFERENCES') AS referable,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable,
       coalesce(s.width + (a.attlen < 0)::int, nullif(a.attlen, -1), 32)::int AS width
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (SELECT tablename, attname, max(avg_width) AS width FROM pg_stats
           WHERE schemaname = :schema AND tablename = ANY(:tables)
           GROUP BY tablename, attname) s
  ON (s.tablename, s.attname) = (c.relname, a.attname)
WHERE n.nspname = :schema AND c.relname = ANY(:tables) AND c.relkind IN ('r', 'p')
  AND a.attnum > 0 AND NOT a.attisdropped
""")  # noqa: S608 - constants
CONSTRAINTS = text(f"""
SELECT con.conname::text AS name, con.contype::text AS type, c.relname::text AS table,
       coalesce(con.convalidated, true) AS valid, con.confdeltype::text AS on_delete,
       nullif(con.confrelid, 0)::bigint AS parent_oid, con.conparentid <> 0 AS attached,
       con.coninhcount > 0 AS inherited, con.connoinherit AS local,
       coalesce(pg_get_expr(con.conbin, con.conrelid) =
                (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a
                 WHERE a.attrelid = con.conrelid AND a.attnum = con.conkey[1]),
                false) AS demands_value,
       {ENFORCED} AS enforced, {KEY_COLUMNS} AS columns, {REFERENCED} AS parent_columns,
       pg_get_constraintdef(con.oid) AS definition, con.conrelid::bigint AS table_oid,
       con.oid::bigint AS oid, n.nspname::text AS schema
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE con.conrelid = ANY(CAST(:oids AS oid[]))
""")  # noqa: S608 - constants
# For index builds by other roles, only the process and the table lock are visible.
INDEXES = text("""
WITH wanted AS (
    SELECT indexrelid FROM pg_index WHERE indrelid = ANY(CAST(:oids AS oid[]))
    UNION
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY(:indexes) AND n.nspname = :schema
)
SELECT ic.relname::text AS name, c.relname::text AS table, i.indisvalid AS valid,
       i.indpred IS NULL AS whole, i.indnkeyatts AS keys,
       i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AS unique,
       i.indimmediate AS immediate,
       coalesce(pg_get_expr(i.indpred, i.indrelid) =
                (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]),
                false) AS where_given,
       pg_get_indexdef(i.indexrelid) AS definition,
       i.indexrelid::bigint AS oid, i.indrelid::bigint AS table_oid, n.nspname::text AS schema,
       (SELECT inhparent::bigint FROM pg_inherits WHERE inhrelid = i.indexrelid) AS attached_to,
       (am.amname = 'btree' AND i.indexprs IS NULL AND i.indnatts = i.indnkeyatts
        AND NOT EXISTS (SELECT FROM unnest(i.indoption::smallint[]) o WHERE o <> 0)) AS plain,
       (NOT i.indisunique AND NOT EXISTS (
           SELECT FROM unnest(i.indkey::smallint[], i.indclass::oid[], i.indcollation::oid[])
                AS k (n, class, sorting)
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
           JOIN pg_opclass o ON o.oid = k.class
           WHERE NOT o.opcdefault OR k.sorting <> a.attcollation)) AS attachable,
       EXISTS (SELECT FROM pg_stat_progress_create_index b
               WHERE b.index_relid = i.indexrelid
                  OR (b.index_relid IS NULL AND NOT i.indisvalid AND EXISTS (
                      SELECT FROM pg_locks l
                      WHERE (l.pid, l.database, l.relation) = (b.pid, b.datid, i.indrelid)
                        AND b.datname = current_database()
                        AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted))) AS building,
       array(SELECT a.attname::text
             FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
             ORDER BY k.place) AS columns
FROM wanted JOIN pg_index i USING (indexrelid) JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_am am ON am.oid = ic.relam
JOIN pg_namespace n ON n.oid = c.relnamespace
""")
# Roles that may read recordings but not the visits table, which belongs to its creator.
ROLE = text("""
SELECT quote_ident(current_user) AS role, pg_is_in_recovery() AS standby,
       has_schema_privilege(n.oid, 'CREATE') AS creates,
       array(SELECT DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC')
             FROM pg_class c
             CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
             LEFT JOIN pg_roles r ON r.oid = g.grantee
             WHERE c.relnamespace = n.oid AND c.relname = :recordings
               AND g.privilege_type = 'SELECT' AND (g.grantee = 0 OR r.oid IS NOT NULL)
               AND NOT coalesce(r.rolsuper OR r.rolname = current_user, false)
               AND NOT EXISTS (
                   SELECT FROM pg_class v
                   CROSS JOIN LATERAL aclexplode(coalesce(v.relacl, acldefault('r', v.relowner))) h
                   WHERE v.relnamespace = n.oid AND v.relname = :visits
                     AND (h.grantee, h.privilege_type) = (g.grantee, 'SELECT'))
             ORDER BY 1) AS readers,
       array(SELECT rolname::text FROM pg_roles WHERE rolsuper) AS superusers
FROM pg_namespace n WHERE n.nspname = :schema
""")
RELATIONS = text("""
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY(:names) AND n.nspname = ANY(:schemas)
""")
# NOT NULL of a table is dropped together with that of its partitions.
PIN = text("""
WITH RECURSIVE below AS (
    SELECT c.oid, 0 AS level FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table
    UNION ALL
    SELECT h.inhrelid, level + 1 FROM below JOIN pg_inherits h ON h.inhparent = below.oid
)
SELECT CASE
    WHEN a.attidentity <> '' THEN 'it is an identity column'
    WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
                 AND a.attnum = ANY(i.indkey::smallint[])) THEN 'it is part of the primary key'
    WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisreplident
                 AND a.attnum = ANY(i.indkey::smallint[])) THEN 'it is part of the replica identity'
    WHEN level = 0 AND EXISTS (
        SELECT FROM pg_inherits h JOIN pg_attribute p ON p.attrelid = h.inhparent
        WHERE h.inhrelid = a.attrelid AND p.attname = a.attname AND p.attnotnull)
        THEN 'the table above demands it'
    END AS pin
FROM below JOIN pg_attribute a ON a.attrelid = below.oid AND a.attname = :column
ORDER BY pin LIMIT 1
""")
