"""Where a Citus cluster has the rows of tables, as its coordinator knows it.

https://docs.citusdata.com/en/stable/develop/api_metadata.html
"""

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from petrec.schema import Placement, Spread

# A table with neither hash nor list is a reference table ('t'), a table of the coordinator that
# Citus manages, without a colocation, or the single shard of a tenant.
_PLACES = text("""
SELECT p.logicalrelid::oid::bigint AS oid, p.partmethod::text AS method, p.repmodel::text AS model,
       p.colocationid::bigint AS colocation,
       CASE WHEN p.partkey IS NULL THEN ''
            ELSE pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) END AS distributed_by
FROM pg_catalog.pg_dist_partition p
WHERE p.logicalrelid::oid = ANY(CAST(:oids AS oid[]))
""")

_IS_CITUS = text("SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL")
# The coordinator's own part of a distributed table has what was there before it was distributed.
_SHELLS = text("""
SELECT p.logicalrelid::oid::bigint AS oid, pg_relation_size(p.logicalrelid) > 0 AS stranded,
       coalesce(pg_catalog.citus_table_size(p.logicalrelid), 0)::bigint AS bytes
FROM pg_catalog.pg_dist_partition p
WHERE p.logicalrelid::oid = ANY(CAST(:oids AS oid[]))
""")
_WORKERS = text("SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_node WHERE groupid > 0)")


@dataclass(frozen=True)
class Shell:
    """A distributed table: its bytes on all nodes, and whether the coordinator has old rows."""

    bytes: int
    stranded: bool


def read_shells(connection: Connection, oids: Sequence[int]) -> dict[int, Shell]:
    """Return those of the tables that Citus distributes, by OID."""
    if not connection.scalar(_IS_CITUS):
        return {}
    rows = connection.execute(_SHELLS, {"oids": list(oids)})
    return {row.oid: Shell(row.bytes, row.stranded) for row in rows}


def has_workers(connection: Connection) -> bool:
    """Return whether the server coordinates other nodes, whose disks it does not know."""
    return bool(connection.scalar(_IS_CITUS) and connection.scalar(_WORKERS))


def read_places(connection: Connection, oids: MappingType[str, int]) -> dict[str, Placement]:
    """Return the place of each table, by the names of the OIDs."""
    rows = connection.execute(_PLACES, {"oids": list(oids.values())})
    found = {
        row.oid: Placement(
            _spread(row.method, row.model, row.colocation), row.colocation, row.distributed_by
        )
        for row in rows
    }
    return {name: found.get(oid, Placement()) for name, oid in oids.items()}


def _spread(method: str, model: str, colocation: int) -> Spread:
    if method == "h":
        return Spread.HASHED
    if method != "n":
        return Spread.OTHER
    if model == "t":
        return Spread.REFERENCE
    return Spread.TENANT if colocation else Spread.MANAGED
