"""DuckDB as the engine: files on this machine, or what DuckDB itself can reach."""

import glob
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import chain
from typing import Any

from petrec.errors import EngineFailedError
from petrec.lake.dialects import DUCKDB
from petrec.lake.engine import FileFormat, TableFiles, View

_AT_ONCE = 10_000
_UNCONNECTED = "Unable to connect to "
_ZONED = "TIMESTAMP WITH TIME ZONE"
_TYPES = {
    "UUID": "uuid",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "FLOAT": "double precision",
    "DOUBLE": "double precision",
    _ZONED: "timestamp with time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP_NS": "timestamp without time zone",
    "TIMESTAMP_MS": "timestamp without time zone",
    "TIMESTAMP_S": "timestamp without time zone",
    "JSON": "json",
}


class DuckdbEngine:
    """A DuckDB in memory, whose views read the files."""

    title = "DuckDB"
    dialect = DUCKDB

    def __init__(self, connection: Any, version: str) -> None:
        self.connection = connection
        self.version = version

    def types(self, files: TableFiles) -> Mapping[str, str]:
        """Return the columns of files with their types."""
        with translated(files.paths[0]):
            relation = self._relation(files)
            return dict(zip(relation.columns, map(_named, relation.types), strict=True))

    def register(self, view: View) -> None:
        """Make the files a view."""
        with translated(view.files.paths[0]):
            relation = self._relation(view.files)
            if view.condition:
                relation = relation.filter(view.condition)
            quoted = {name: '"' + name.replace('"', '""') + '"' for name in view.columns}
            chosen = (f"{read} AS {quoted[name]}" for name, read in view.columns.items())
            relation.project(", ".join(chosen)).create_view(view.name)

    def _relation(self, files: TableFiles) -> Any:
        paths = [path if "://" in path else glob.escape(path) for path in files.paths]
        if files.format is FileFormat.PARQUET:
            return self.connection.read_parquet(paths, union_by_name=True)
        return self.connection.read_csv(paths, header=True, all_varchar=True, union_by_name=True)

    @contextmanager
    def stream(self, sql: str) -> Iterator[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows."""
        with self.connection.cursor() as cursor:
            yield answered(cursor, sql, "the files")


def answered(cursor: Any, sql: str, what: str) -> tuple[Sequence[str], Iterator[Any]]:
    """Return the names of the columns and an iterator over rows; errors: EngineFailedError.

    Older versions need another package to return a moment with its zone, so all are asked in UTC.
    """
    with translated(what):
        found = cursor.execute(f"DESCRIBE {sql}").fetchall()
        names = [column[0] for column in found]
        zoned = [index for index, column in enumerate(found) if column[1] == _ZONED]
        quoted = ['"' + name.replace('"', '""') + '"' for name in names]
        for index in zoned:
            quoted[index] = f"timezone('UTC', {quoted[index]}) AS {quoted[index]}"
        cursor.execute(
            " ".join(("SELECT", ", ".join(quoted), "FROM (", sql, ")")) if zoned else sql
        )
    rows = chain.from_iterable(blocks(cursor))
    return names, (_in_utc(row, zoned) for row in rows) if zoned else rows


def _in_utc(row: Sequence[Any], zoned: Sequence[int]) -> Sequence[Any]:
    values = list(row)
    for index in zoned:
        if values[index] is not None:
            values[index] = values[index].replace(tzinfo=UTC)
    return values


def blocks(cursor: Any) -> Iterator[Sequence[Any]]:
    """Yield the rows of a result, many at once."""
    with translated("the files"):
        while rows := cursor.fetchmany(_AT_ONCE):
            yield rows


@contextmanager
def open_duckdb() -> Iterator[DuckdbEngine]:
    """Open an engine of files."""
    with duckdb_connection() as (connection, version):
        yield DuckdbEngine(connection, version)


@contextmanager
def duckdb_connection(**more: str | int) -> Iterator[tuple[Any, str]]:
    """Open a DuckDB that downloads nothing and writes only temporary files; with its version.

    `more` are further settings.
    """
    import duckdb  # noqa: PLC0415 - an optional package

    # DuckDB gives its temporary files the same names in each process.
    with tempfile.TemporaryDirectory(prefix="petrec-duckdb-") as place:
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": place,
            **more,
        }
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            yield connection, duckdb.__version__


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into petrec's own."""
    import duckdb  # noqa: PLC0415 - an optional package

    try:
        yield
    except duckdb.Error as error:
        whole = str(error)
        if _UNCONNECTED in whole:
            # It begins with the connection string, and so with the password.
            told = whole.rpartition('": ')[2].splitlines()[0]
            raise EngineFailedError(f"DuckDB cannot connect to {what}: {told}") from None
        raise EngineFailedError(f"DuckDB cannot read {what}: {whole.splitlines()[0]}") from error


def _named(kind: Any) -> str:
    """Return PostgreSQL's name of a type; all whole numbers are of one family."""
    name = str(kind)
    if name.endswith("INT") or name == "INTEGER":
        return "bigint"
    if name == '"NULL"':
        # A CSV file with a header and no rows.
        return "text"
    return _TYPES.get(name, "numeric" if name.startswith("DECIMAL") else name.lower())
