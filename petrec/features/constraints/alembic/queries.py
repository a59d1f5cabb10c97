"""Queries of a revision for a partitioned table, for the partitions that exist when they run.

The values after percent signs are literals; a revision puts them in.
"""

# The name from `names.part_index`, and its full length.
LONG = "'idx_' || {part} || '_' || regexp_replace({index}, '^(idx_)?(recordings_)?', '')"
NAME = """CASE WHEN octet_length(convert_to(long, 'UTF8')) <= 63 THEN long
                ELSE left({index}, 50) || '_'
                     || left(encode(sha256(convert_to(long, 'UTF8')), 'hex'), 12) END"""
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
    SELECT parts.*, c.relkind = 'p' AS parted,
           {NAME.format(index="root.name")} AS name
    FROM root CROSS JOIN parts JOIN pg_class c ON c.oid = parts.part
    CROSS JOIN LATERAL (SELECT {LONG.format(index="root.name", part="c.relname")} AS long) whole
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
CROSS JOIN LATERAL (SELECT {LONG.format(index="%(index)s", part="p.relname")} AS long) whole
JOIN pg_index i ON i.indrelid = t.relid JOIN pg_class c ON c.oid = i.indexrelid
WHERE t.level > 0 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
  AND c.relname = {NAME.format(index="%(index)s")}
  AND """  # noqa: S608 - constants alone
_KEYS = """
SELECT t.relid::regclass::text AS part, quote_ident(own.conname) AS key
FROM pg_partition_tree(to_regclass(%(table)s)) t
LEFT JOIN LATERAL (
    SELECT k.conname, k.convalidated, k.conparentid
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
# By their names in a revision: what queries begin with, and of each its beginning and its end.
BEGINNINGS = {"PARTS": _PARTS, "LEFT": _LEFT, "KEYS": _KEYS}
QUERIES = {
    "FRAMELESS": ("PARTS", _FRAMELESS),
    "BROKEN": ("PARTS", _BROKEN),
    "UNBUILT": ("PARTS", _UNBUILT),
    "LOOSE": ("PARTS", _LOOSE),
    "LEFT_FRAMES": ("LEFT", "NOT t.isleaf ORDER BY t.level\n"),
    "LEFT_INDEXES": ("LEFT", "t.isleaf\n"),
    "KEYLESS": ("KEYS", "own.conname IS NULL\n"),
    "UNCHECKED": ("KEYS", "NOT own.convalidated\n"),
    "LEFT_KEYS": ("KEYS", "own.conname = %(name)s AND own.conparentid = 0\n"),
}


def source(named: set[str]) -> str:
    """Return the assignments that these queries need."""
    used = {name: query for name, query in QUERIES.items() if name in named}
    begun = {beginning for beginning, _ in used.values()}
    lines = [f'{name} = """{sql}"""\n' for name, sql in BEGINNINGS.items() if name in begun]
    lines += [f'{name} = {begin} + """{end}"""\n' for name, (begin, end) in used.items()]
    return "".join(lines)
