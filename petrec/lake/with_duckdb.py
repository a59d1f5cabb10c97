"""DuckDB as the engine: files on this machine, or what DuckDB itself can reach."""

import glob
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any

from petrec.lake.alike import FileTypes
from petrec.lake.csv_files import FORM, header_in, header_of
from petrec.lake.dialects import DUCKDB
from petrec.lake.duckdb_extensions import check_address, open_s3
from petrec.lake.duckdb_queries import (
    ZONED,
    answered,
    closed_in_time,
    interruptible,
    quoted_name,
    translated,
)
from petrec.lake.engine import FileFormat, TableFiles, View

_TYPES = {
    "UUID": "uuid",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "FLOAT": "double precision",
    "DOUBLE": "double precision",
    ZONED: "timestamp with time zone",
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
        if not glob.has_magic(address):
            # Without a pattern DuckDB would return the address of a file that is not there.
            address = f"{address[:-1]}[{address[-1]}]"
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
            chosen = (f"{read} AS {quoted_name(name)}" for name, read in view.columns.items())
            relation = self.relation(view.files)
            if view.condition and not view.condition_on_read:
                relation = relation.filter(view.condition)
            relation = relation.project(", ".join(chosen))
            if view.condition and view.condition_on_read:
                relation = relation.filter(view.condition)
            if view.respelled:
                names = ((view.respelled.get(n, quoted_name(n)), n) for n in view.columns)
                relation = relation.project(", ".join(f"{v} AS {quoted_name(n)}" for v, n in names))
            relation.create_view(view.name)

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
        values = {name: quoted_name(name) if name in header else "NULL" for name in names}
        return read.project(", ".join(f"{v} AS {quoted_name(n)}" for n, v in values.items()))

    def _parquet(self, paths: Sequence[str]) -> Any:
        # Keys in the names of folders are columns of some programs and not of others.
        listed = list(map(_literal, paths))
        return self.connection.read_parquet(listed, union_by_name=True, hive_partitioning=False)

    def _header(self, path: str) -> tuple[str, ...]:
        if "://" not in path:
            return header_of(Path(path))
        # With this separator, DuckDB reads a line as one field.
        options = {**FORM, "header": False, "quotechar": "", "escapechar": "", "sep": "\x1f"}
        with translated(path):
            read = self.connection.read_csv(path, columns={"line": "VARCHAR"}, **options)
            lines = read.limit(1).fetchall()
        return header_in(path, [line for (line,) in lines])

    @contextmanager
    def stream(self, sql: str) -> Iterator[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows."""
        with closed_in_time(self.connection.cursor()) as cursor:
            yield answered(cursor, sql, "the files")


def check_csv(path: str) -> None:
    """Read every field of a CSV file for an engine that does not name the line of a fault.

    Errors: SchemaMismatchError, EngineFailedError.
    """
    with open_duckdb() as engine, translated(path):
        read = engine.relation(TableFiles(FileFormat.CSV, [path])).aggregate("max(COLUMNS(*))")
        interruptible(engine.connection, read.fetchall)


@contextmanager
def open_duckdb(source: str = "") -> Iterator[DuckdbEngine]:
    """Open an engine of files, on this machine or at an address; errors: UsageError."""
    if is_remote := "://" in source:
        check_address(source)
    with duckdb_connection() as (connection, version):
        if is_remote:
            open_s3(connection)
        yield DuckdbEngine(connection, version)


@contextmanager
def duckdb_connection(**more: str | int) -> Iterator[tuple[Any, str]]:
    """Open a DuckDB that downloads nothing and writes only temporary files; with its version.

    `more` are further settings.
    """
    import duckdb  # noqa: PLC0415 - an optional package

    # DuckDB gives its temporary files the same names in each process.
    with tempfile.TemporaryDirectory(prefix="petrec-duckdb-", ignore_cleanup_errors=True) as place:
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": place,
            **more,
        }
        with closed_in_time(duckdb.connect(config=settings)) as connection:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            yield connection, duckdb.__version__


def _literal(path: str) -> str:
    """Return a local path in which nothing is a pattern; a URL is one file already."""
    return path if "://" in path else glob.escape(path)


def _named(kind: Any) -> str:
    """Return PostgreSQL's name of a type; all whole numbers are of one family."""
    name = str(kind)
    if name.endswith("INT") or name == "INTEGER":
        return "bigint"
    if name == '"NULL"':
        # A CSV file with a header and no rows.
        return "text"
    return _TYPES.get(name, "numeric" if name.startswith("DECIMAL") else name.lower())
