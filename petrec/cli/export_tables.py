"""`petrec export-tables`."""

from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.pipelines import failures_shown
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.errors import ExitCode
from petrec.features.export_tables.result import ExportedColumns


@bundled
def export_tables(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New directory for the files.")],
    columns: Annotated[
        ExportedColumns,
        typer.Option(
            help="needed: those that audit and validate read. mapped: all that petrec knows, "
            "some of which are personal.",
        ),
    ] = ExportedColumns.NEEDED,
    *,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Export the tables of one snapshot to Parquet files, for audits by other engines.

    Examples:
        petrec export-tables exports/2026-01-31

        petrec export-tables exports/full --columns mapped

    """
    from petrec.operations.export_tables import export_tables as export

    with failures_shown("export-tables", printing):
        session = open_session("export-tables", connect)
        with activity(quiet=printing.quiet) as shown:
            result = export(session, directory, columns=columns, step=shown.step)
    session.show(result.document(), printing.output_format, printing.output)
    return ExitCode.CLEAN
