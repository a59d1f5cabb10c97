"""Where a Citus cluster has the rows of tables, as its coordinator knows it.

https://docs.citusdata.com/en/stable/develop/api_metadata.html
"""

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
_BYTES = text("""
SELECT p.logicalrelid::oid::bigint AS oid, pg_relation_size(p.logicalrelid) > 0 AS stranded,
       coalesce(pg_catalog.citus_table_size(p.logicalrelid), 0)::bigint AS bytes
FROM pg_catalog.pg_dist_partition p
WHERE p.logicalrelid::oid = ANY(CAST(:oids AS oid[]))
""")
_WORKERS = text("SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_node WHERE groupid > 0)")

# A global pid is one of a session, whichever node it has opened connections to.
_BLOCKERS = text("""
SELECT b.pid, b.backend_start::text AS started, coalesce(b.state, '') AS state, b.backend_type,
       coalesce(b.usename::text, '') AS role,
       extract(epoch FROM now() - b.xact_start)::int AS seconds,
       n.nodename || ':' || n.nodeport AS node
FROM pg_catalog.citus_lock_waits w
JOIN pg_catalog.citus_stat_activity b ON b.global_pid = w.blocking_gpid AND NOT b.is_worker_query
JOIN pg_catalog.pg_dist_node n ON n.nodeid = b.nodeid
WHERE citus_pid_for_gpid(w.waiting_gpid) = :pid
  AND citus_nodeid_for_gpid(w.waiting_gpid) = citus_nodeid_for_gpid(citus_backend_gpid())
  AND w.blocking_gpid <> citus_backend_gpid()
  AND (citus_nodeid_for_gpid(w.blocking_gpid) <> citus_nodeid_for_gpid(citus_backend_gpid())
       OR b.pid <> ALL(pg_blocking_pids(:pid)))
""")


@dataclass(frozen=True)
class Shell:
    """A distributed table: its bytes on all nodes, and whether the coordinator has old rows."""

    bytes: int
    stranded: bool
    placement: Placement


def read_shells(connection: Connection, oids: Sequence[int]) -> dict[int, Shell]:
    """Return those of the tables that Citus distributes, by OID."""
    if not connection.scalar(_IS_CITUS):
        return {}
    places = _read_places(connection, oids)
    rows = connection.execute(_BYTES, {"oids": list(oids)})
    return {row.oid: Shell(row.bytes, row.stranded, places[row.oid]) for row in rows}


def has_workers(connection: Connection) -> bool:
    """Return whether the server coordinates other nodes, whose disks it does not know."""
    return bool(connection.scalar(_IS_CITUS) and connection.scalar(_WORKERS))


def read_node_blockers(connection: Connection, pid: int) -> Sequence[Any]:
    """Return the sessions that a session of this coordinator waits for on other nodes."""
    return connection.execute(_BLOCKERS, {"pid": pid}).all()


def read_places(connection: Connection, oids: MappingType[str, int]) -> dict[str, Placement]:
    """Return the place of each table, by the names of the OIDs."""
    found = _read_places(connection, list(oids.values()))
    return {name: found.get(oid, Placement()) for name, oid in oids.items()}


def _read_places(connection: Connection, oids: Sequence[int]) -> dict[int, Placement]:
    rows = connection.execute(_PLACES, {"oids": list(oids)})
    return {
        row.oid: Placement(
            _spread(row.method, row.model, row.colocation), row.colocation, row.distributed_by
        )
        for row in rows
    }


def _spread(method: str, model: str, colocation: int) -> Spread:
    if method == "h":
        return Spread.HASHED
    if method != "n":
        return Spread.OTHER
    if model == "t":
        return Spread.REFERENCE
    return Spread.TENANT if colocation else Spread.MANAGED
