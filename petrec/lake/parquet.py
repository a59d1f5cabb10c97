"""Rows as CSV, as PostgreSQL sends them, to the Parquet files of one table.

The CSV is kept on disk in parts of bounded size, each of which becomes one file. So neither memory
nor disk space for it grows with the table, and each record is passed on without being parsed here.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from petrec.errors import OutputError
from petrec.files import PRIVATE, write_failed
from petrec.lake.duckdb_queries import interruptible
from petrec.lake.manifest import ExportedFile, checksum
from petrec.lake.with_duckdb import duckdb_connection

# Bytes of CSV of a part. Spark and DuckDB read the files of a table in parallel.
PART = 32 << 20
# DuckDB reads lines of up to 2 MB unless a setting allows longer ones.
_LONGEST = 2_000_000


class ParquetWriter:
    """Writes tables below a directory; `types` of a table are DuckDB's, by column."""

    def __init__(self, connection: Any, part: int = PART) -> None:
        self.connection = connection
        self.part = part

    def write(
        self, directory: Path, types: Mapping[str, str], records: Iterable[bytes]
    ) -> tuple[ExportedFile, ...]:
        """Write all records of a table, at least one file; errors: OutputError."""
        files: list[ExportedFile] = []
        try:
            directory.mkdir(mode=0o700)
            source = iter(records)
            more = True
            while more:
                path = directory / f"part-{len(files):05}.parquet"
                more = self._write_part(path, types, source)
                files.append(self._described(path))
        except OSError as error:
            raise write_failed(directory, error) from error
        return tuple(files)

    def _write_part(self, path: Path, types: Mapping[str, str], source: Iterator[bytes]) -> bool:
        """Write the next file; return whether there are more records."""
        csv = path.with_suffix(".csv")
        try:
            with csv.open("xb") as out:
                csv.chmod(PRIVATE)
                longest, more = _fill(out, source, self.part)
            self._convert(csv, path, types, longest)
        finally:
            csv.unlink(missing_ok=True)
        path.chmod(PRIVATE)
        return more

    def _convert(self, csv: Path, path: Path, types: Mapping[str, str], longest: int) -> None:
        import duckdb  # noqa: PLC0415 - an optional package

        relation = {
            "columns": dict(types),
            "auto_detect": False,
            "header": False,
            "quotechar": '"',
            "escapechar": '"',
            "na_values": [""],
            "allow_quoted_nulls": False,
            "parallel": False,
            "max_line_size": max(_LONGEST, 2 * longest),
        }
        try:
            read = self.connection.read_csv(str(csv), **relation)
            interruptible(
                self.connection, lambda: read.write_parquet(str(path), compression="zstd")
            )
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise OutputError(f"cannot write {path.parent.name} as Parquet: {first}") from error

    def _described(self, path: Path) -> ExportedFile:
        counted = "SELECT sum(num_rows) FROM parquet_file_metadata($1)"
        ((rows,),) = self.connection.execute(counted, [str(path)]).fetchall()
        return ExportedFile(
            path=f"{path.parent.name}/{path.name}",
            rows=int(rows),
            size=path.stat().st_size,
            sha256=checksum(path),
        )


@contextmanager
def parquet_writer(part: int = PART) -> Iterator[ParquetWriter]:
    """Open a writer, whose own memory is bounded."""
    with duckdb_connection(memory_limit="256MB", threads=1) as (connection, _):
        yield ParquetWriter(connection, part)


def _fill(out: BinaryIO, source: Iterator[bytes], limit: int) -> tuple[int, bool]:
    """Write records up to the limit; return the longest's length and whether there may be more."""
    size = longest = 0
    for record in source:
        out.write(record)
        size += len(record)
        longest = max(longest, len(record))
        if size >= limit:
            return longest, True
    return longest, False
