"""DuckDB as the engine: files on this machine, or what DuckDB itself can reach."""

import glob
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any

from petrec.errors import EngineFailedError
from petrec.lake.alike import FileTypes
from petrec.lake.csv_files import FORM, csv_error, header_of
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

    def find(self, address: str) -> Sequence[str]:
        """Return the addresses of the files that a URL stands for."""
        with translated(address):
            found = self.connection.execute("SELECT file FROM glob($1) ORDER BY 1", [address])
            return [path for (path,) in found.fetchall()]

    def types(self, files: TableFiles) -> FileTypes:
        """Return the columns of each file with their types."""
        return {path: self._types(files.format, path) for path in files.to_look_at}

    def _types(self, form: FileFormat, path: str) -> Mapping[str, str]:
        if form is FileFormat.CSV:
            return dict.fromkeys(self._header(path), "text")
        with translated(path):
            relation = self._parquet([path])
            return dict(zip(relation.columns, map(_named, relation.types), strict=True))

    def register(self, view: View) -> None:
        """Make the files a view."""
        with translated(view.files.paths[0]):
            relation = self.relation(view.files)
            if view.condition:
                relation = relation.filter(view.condition)
            chosen = (f"{read} AS {_quoted(name)}" for name, read in view.columns.items())
            relation.project(", ".join(chosen)).create_view(view.name)

    def relation(self, files: TableFiles) -> Any:
        """Return all rows of the files, with the columns of all."""
        if files.format is FileFormat.PARQUET:
            return self._parquet(files.paths)
        by_header: dict[tuple[str, ...], list[str]] = {}
        for path in files.paths:
            by_header.setdefault(self._header(path), []).append(_literal(path))
        names = dict.fromkeys(chain.from_iterable(by_header))
        parts = (self._csv(paths, header, names) for header, paths in by_header.items())
        return reduce(lambda one, other: one.union(other), parts)

    def _csv(self, paths: Sequence[str], header: Sequence[str], names: Iterable[str]) -> Any:
        """Return files of one header as columns of these names."""
        read = self.connection.read_csv(paths, columns=dict.fromkeys(header, "VARCHAR"), **FORM)
        values = {name: _quoted(name) if name in header else "NULL" for name in names}
        return read.project(", ".join(f"{v} AS {_quoted(n)}" for n, v in values.items()))

    def _parquet(self, paths: Sequence[str]) -> Any:
        # Keys in the names of folders are columns of some programs and not of others.
        listed = list(map(_literal, paths))
        return self.connection.read_parquet(listed, union_by_name=True, hive_partitioning=False)

    def _header(self, path: str) -> tuple[str, ...]:
        return header_of(Path(path))

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
        quoted = list(map(_quoted, names))
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


def check_csv(path: str) -> None:
    """Read every field of a CSV file for an engine that does not name the line of a fault.

    Errors: SchemaMismatchError, EngineFailedError.
    """
    with open_duckdb() as engine, translated(path):
        engine.relation(TableFiles(FileFormat.CSV, [path])).project("max(COLUMNS(*))").fetchall()


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
        if (of_csv := csv_error(whole)) is not None:
            raise of_csv from None
        if _UNCONNECTED in whole:
            # It begins with the connection string, and so with the password.
            told = whole.rpartition('": ')[2].splitlines()[0]
            raise EngineFailedError(f"DuckDB cannot connect to {what}: {told}") from None
        raise EngineFailedError(f"DuckDB cannot read {what}: {whole.splitlines()[0]}") from error


def _literal(path: str) -> str:
    """Return a local path in which nothing is a pattern; a URL is one file already."""
    return path if "://" in path else glob.escape(path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _named(kind: Any) -> str:
    """Return PostgreSQL's name of a type; all whole numbers are of one family."""
    name = str(kind)
    if name.endswith("INT") or name == "INTEGER":
        return "bigint"
    if name == '"NULL"':
        # A CSV file with a header and no rows.
        return "text"
    return _TYPES.get(name, "numeric" if name.startswith("DECIMAL") else name.lower())
