"""The export of the tables to files, for other engines."""

from pathlib import Path

from petrec.extras import need_extra
from petrec.features.export_tables.export import check_new, write_export
from petrec.features.export_tables.result import ExportedColumns, TablesExport
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session


def export_tables(
    session: Session,
    directory: str | Path,
    *,
    columns: ExportedColumns = ExportedColumns.NEEDED,
    step: Step = ignore,
) -> TablesExport:
    """Write the tables of one snapshot to a new directory: Parquet files and a manifest.

    `columns` are those that audit and validate need, or all that are `mapped`, which may be
    personal. Errors: UsageError for a directory that exists, OutputError.
    """
    need_extra("the export", "lake", "duckdb")
    path = Path(directory)
    check_new(path)
    with session.snapshot() as (connection, schema):
        return write_export(connection, schema, session.settings.mapping, path, columns, step)
