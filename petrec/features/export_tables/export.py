"""The export: written beside its place, and renamed when it is complete."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import Connection, text

from petrec.errors import UsageError
from petrec.features.export_tables.columns import TableExport, tables_to_export
from petrec.features.export_tables.result import ExportedColumns, TablesExport, WrittenTable
from petrec.files import PRIVATE, write_failed
from petrec.lake.manifest import (
    FILE_NAME,
    ExportedColumn,
    ExportedTable,
    Manifest,
)
from petrec.lake.parquet import ParquetWriter, parquet_writer
from petrec.postgres.snapshot import stream_csv
from petrec.schema import Schema, base_type
from petrec.schema.writing import check_collations
from petrec.settings import Mapping

_PLACE = text(
    "SELECT current_database(), current_setting('server_version'), transaction_timestamp()"
)


def check_new(directory: Path) -> None:
    """Check that the directory does not exist yet; errors: UsageError."""
    if directory.exists() or directory.is_symlink():
        raise UsageError(f"{directory} already exists", hint="name a new directory")


def write_export(
    connection: Connection,
    schema: Schema,
    mapping: Mapping,
    directory: Path,
    which: ExportedColumns,
    step: Callable[[str], None],
) -> TablesExport:
    """Export the rows that count from the caller's snapshot.

    Errors: UsageError for a directory that exists, SchemaMismatchError, OutputError.
    """
    check_collations(schema)
    database, version, taken_at = connection.execute(_PLACE).one()
    exports = list(tables_to_export(schema, which))
    with _written_beside(directory) as beside, parquet_writer() as writer:
        tables = []
        for each in exports:
            step(f"exporting {each.name}")
            tables.append(_export(connection, writer, beside, each, mapping.where))
        manifest = Manifest(
            taken_at=taken_at.isoformat(),
            database=database,
            server_version=version,
            schema=mapping.schema,
            tables=tuple(tables),
        )
        _write_manifest(beside / FILE_NAME, manifest)
    return TablesExport(
        taken_at=taken_at,
        database=database,
        directory=str(directory),
        tables=tuple(
            WrittenTable(t.name, t.rows, len(t.files), sum(f.size for f in t.files)) for t in tables
        ),
    )


def _export(
    connection: Connection,
    writer: ParquetWriter,
    directory: Path,
    export: TableExport,
    where: dict[str, str],
) -> ExportedTable:
    with stream_csv(connection, export.query) as records:
        files = writer.write(directory / export.name, export.types, records)
    return ExportedTable(
        name=export.name,
        table=str(export.table.name),
        columns=tuple(
            ExportedColumn(str(c.name), str(c.type), base_type(c)) for c in export.columns
        ),
        primary_key=tuple(str(column.name) for column in export.table.primary_key),
        rows=sum(file.rows for file in files),
        files=files,
        where=where.get(export.name, ""),
    )


@contextmanager
def _written_beside(directory: Path) -> Iterator[Path]:
    """Yield a new directory that takes the name when it is complete, else is removed."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    except OSError as error:
        raise write_failed(directory, error) from error
    try:
        yield beside
        _settle(beside)
        check_new(directory)
        beside.rename(directory)
    except OSError as error:
        raise write_failed(directory, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_manifest(path: Path, manifest: Manifest) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    path.chmod(PRIVATE)


def _settle(directory: Path) -> None:
    """Make the disk keep every file before the name says that it is complete."""
    for path in [*directory.rglob("*"), directory]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
