"""The server's directories, if they are on this machine and readable."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from petrec.postgres.citus import has_workers

# Only members of pg_read_all_settings see data_directory; for others it is NULL, not an error.
_SERVER = text("""
SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS directory,
       (SELECT setting::int FROM pg_settings WHERE name = 'port') AS port,
       extract(epoch FROM pg_postmaster_start_time())::float8 AS started,
       (SELECT dattablespace::bigint FROM pg_database WHERE datname = current_database()) AS home,
       (SELECT oid::bigint FROM pg_tablespace
        WHERE spcname = current_setting('default_tablespace')) AS tablespace,
       array(SELECT oid::bigint FROM pg_tablespace WHERE spcname IN (
                 SELECT btrim(name, ' "')
                 FROM unnest(string_to_array(current_setting('temp_tablespaces'), ',')) AS name
             )) AS temporary,
       (SELECT oid::bigint FROM pg_tablespace WHERE spcname = 'pg_default') AS base
""")
_SORT_MEMORY = text("SELECT pg_size_bytes(current_setting('maintenance_work_mem'))")
_PID_LINES = ("pid", "directory", "started", "port")
_CLOCK_S = 5.0


@dataclass(frozen=True)
class Places:
    """Directories of new indexes, of sorts (one of these, or several) and of the WAL."""

    indexes: Path
    sorts: tuple[Path, ...]
    wal: Path


def sort_memory(connection: Connection) -> int:
    """Return how many bytes an index build may use before it sorts on disk."""
    return int(connection.execute(_SORT_MEMORY).scalar_one())


def find_places(connection: Connection) -> Places | None:
    """Return the directories of new files; None unless the server is surely on this machine."""
    row = connection.execute(_SERVER).one()
    if row.directory is None or not _is_near(connection) or has_workers(connection):
        return None
    directory = Path(row.directory)
    try:
        if not _is_of(directory, row):
            return None
    except (OSError, ValueError):
        return None

    def place(tablespace: int) -> Path:
        if tablespace == row.base:
            return directory / "base"
        return directory / "pg_tblspc" / str(tablespace)

    sorts = tuple(place(each) for each in row.temporary or (row.home,))
    return Places(place(row.tablespace or row.home), sorts, directory / "pg_wal")


def _is_near(connection: Connection) -> bool:
    """Return whether the connection's address is of this machine."""
    driver: Any = connection.connection.driver_connection
    host, address = driver.info.host, driver.info.hostaddr
    if not address:
        return str(host).startswith(("/", "@"))
    return ipaddress.ip_address(address).is_loopback


def _is_of(directory: Path, row: Any) -> bool:
    """Return whether the lock file is of this server: a tunnel has local addresses, too."""
    lines = (directory / "postmaster.pid").read_text().splitlines()
    held = dict(zip(_PID_LINES, lines, strict=False))
    same_start = abs(float(held["started"]) - float(row.started)) < _CLOCK_S
    return same_start and int(held["port"]) == row.port
