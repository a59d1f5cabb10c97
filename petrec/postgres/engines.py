"""Databases that speak PostgreSQL's protocol, but in which petrec's guarantees do not hold.

They are refused by name before anything is read or written. Aurora, AlloyDB, Neon, Supabase, RDS
and TimescaleDB are PostgreSQL and are not refused.
"""

import re
from typing import Any

from sqlalchemy import Connection, text

from petrec.errors import UnsupportedServerError

_SEGMENTS = "its rows are on several segments, for which petrec's batches are not made"
# What version() says of an engine, its name, and what petrec needs that it lacks.
_ENGINES = (
    (
        "CockroachDB",
        "CockroachDB",
        "every session gets every advisory lock, so two runs could write",
    ),
    ("-YB-|YugabyteDB", "YugabyteDB", "rows have no ctid"),
    ("Cloudberry", "Cloudberry", _SEGMENTS),
    ("Greenplum", "Greenplum", _SEGMENTS),
)
_HINT = "petrec explain scale lists the databases that petrec supports"
_FACTS = text("""
SELECT version(),
       has_table_privilege(to_regclass('pg_catalog.pg_dist_local_group'), 'SELECT') AS citus,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'rds_aurora' AND c.relname = 'limitless_tables') AS limitless
""")
# A coordinator has group 0. https://docs.citusdata.com/en/stable/develop/api_metadata.html
_GROUP = text("SELECT max(groupid) FROM pg_catalog.pg_dist_local_group")


def check_engine(connection: Connection) -> bool:
    """Check that the server is PostgreSQL; errors: UnsupportedServerError.

    Returns whether it coordinates a Citus cluster.
    """
    row = connection.execute(_FACTS).one()
    check_version(row.version)
    if row.citus and (connection.scalar(_GROUP) or 0) > 0:
        raise UnsupportedServerError(
            "this is a Citus worker, which has only a part of the rows",
            hint="connect to the coordinator",
        )
    if row.limitless:
        raise _unsupported("Aurora Limitless", "its tables are sharded")
    return bool(row.citus)


def check_connection(driver: Any) -> None:
    """Check what a server reports as a connection opens; errors: UnsupportedServerError.

    CockroachDB refuses petrec's first statement, so it has to be known before.
    """
    if version := driver.info.parameter_status("crdb_version"):
        driver.close()
        check_version(version)


def check_version(version: str) -> None:
    """Check the text of a server about its version; errors: UnsupportedServerError."""
    for pattern, name, lack in _ENGINES:
        if re.search(pattern, version, re.IGNORECASE):
            raise _unsupported(name, lack)


def _unsupported(name: str, lack: str) -> UnsupportedServerError:
    return UnsupportedServerError(f"petrec does not support {name}: {lack}", hint=_HINT)
