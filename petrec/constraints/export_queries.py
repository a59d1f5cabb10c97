"""Queries of a revision for a partitioned table: its partitions at the time when they run.

The values in percent signs are literals; a revision puts them in.
"""

# The name that `partitions.part_index` gives, from a partition and an index above.
_NAME = """
           regexp_replace({index}, '^(idx_)?(recordings_)?', {part} || '_') || '_idx'"""
_OWN = f"""CASE WHEN octet_length({_NAME}) <= 63 THEN{_NAME}
           ELSE left({{index}}, 50) || '_'
           || left(encode(sha256(convert_to({_NAME}, 'UTF8')), 'hex'), 12) END"""
_PARTS = f"""
WITH RECURSIVE root AS (
    SELECT i.indrelid, i.indexrelid, c.relname::text AS name,
           substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') AS form
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indexrelid = to_regclass(%(index)s)
), parts AS (
    SELECT 0 AS level, indrelid AS part, indexrelid AS index, true AS attached, 0::oid AS above
    FROM root
    UNION ALL
    SELECT parts.level + 1, h.inhrelid, own.indexrelid, coalesce(own.attached, false), parts.index
    FROM root CROSS JOIN parts JOIN pg_inherits h ON h.inhparent = parts.part
    LEFT JOIN LATERAL (
        SELECT i.indexrelid, a.inhparent IS NOT NULL AS attached
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        LEFT JOIN pg_inherits a ON a.inhrelid = i.indexrelid
        WHERE i.indrelid = h.inhrelid AND NOT i.indisunique
          AND substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') = root.form
          AND (a.inhparent = parts.index
               OR a.inhparent IS NULL AND (i.indisvalid OR c.relkind = 'I'))
        ORDER BY a.inhparent, i.indisvalid DESC, i.indexrelid LIMIT 1
    ) own ON true
), named AS (
    SELECT parts.*, c.relkind = 'p' AS parted, c.relnamespace,
           {_OWN.format(index="root.name", part="c.relname::text")} AS name
    FROM root CROSS JOIN parts JOIN pg_class c ON c.oid = parts.part
)"""  # noqa: S608 - constants alone
_FRAMELESS = """
SELECT part::regclass::text AS part, quote_ident(name) AS index
FROM named WHERE parted AND index IS NULL ORDER BY level
"""
_BROKEN = """
SELECT i.indexrelid::regclass::text AS index
FROM named JOIN pg_index i ON i.indrelid = named.part JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT parted AND index IS NULL AND c.relname = named.name AND NOT i.indisvalid
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid
                  OR b.index_relid IS NULL AND b.datname = current_database())
"""
_UNBUILT = """
SELECT part::regclass::text AS part, quote_ident(name) AS index
FROM named WHERE NOT parted AND index IS NULL ORDER BY part::regclass::text
"""
_LOOSE = """
SELECT above::regclass::text AS above,
       coalesce(index::regclass::text, quote_ident(name)) AS index
FROM named WHERE NOT attached ORDER BY level DESC, part::regclass::text
"""
_LEFT = f"""
SELECT i.indexrelid::regclass::text AS index
FROM pg_partition_tree(to_regclass(%(table)s)) t JOIN pg_class p ON p.oid = t.relid
JOIN pg_index i ON i.indrelid = t.relid JOIN pg_class c ON c.oid = i.indexrelid
WHERE t.level > 0 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
  AND c.relname = {_OWN.format(index="%(index)s", part="p.relname::text")}"""  # noqa: S608 - constants alone
_KEYS = """
SELECT t.relid::regclass::text AS part, quote_ident(own.conname) AS key
FROM pg_partition_tree(to_regclass(%(table)s)) t
LEFT JOIN LATERAL (
    SELECT k.conname, k.convalidated
    FROM pg_constraint k
    WHERE k.conrelid = t.relid AND k.contype = 'f' AND k.confrelid = to_regclass(%(parent)s)
      AND k.confdeltype = %(on_delete)s
      AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
      AND array(SELECT c.attname || ' ' || p.attname COLLATE "C"
                FROM unnest(k.conkey, k.confkey) AS pair (own, other)
                JOIN pg_attribute c ON c.attrelid = k.conrelid AND c.attnum = pair.own
                JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = pair.other
                ORDER BY 1) = %(pairs)s
    ORDER BY k.convalidated DESC LIMIT 1
) own ON true
WHERE t.isleaf AND """
# Named in a revision as here; each stands after those that it is made of.
SHARED = {
    "FRAMELESS": _PARTS + _FRAMELESS,
    "BROKEN": _PARTS + _BROKEN,
    "UNBUILT": _PARTS + _UNBUILT,
    "LOOSE": _PARTS + _LOOSE,
    "LEFT_FRAMES": _LEFT + " AND NOT t.isleaf\nORDER BY t.level\n",
    "LEFT_INDEXES": _LEFT + " AND t.isleaf\n",
    "KEYLESS": _KEYS + "own.conname IS NULL\n",
    "UNCHECKED": _KEYS + "NOT own.convalidated\n",
    "LEFT_KEYS": _KEYS + "own.conname = %(name)s\n",
}
