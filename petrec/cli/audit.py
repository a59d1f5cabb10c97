"""`petrec audit`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import open_output, remark
from petrec.cli.pipelines import failures_shown
from petrec.cli.progress import activity
from petrec.cli.session import CommandSession, open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError
from petrec.operations.session import once_more

if TYPE_CHECKING:
    from petrec.features.audit.result import AuditResult
    from petrec.operations.audit import KindRows


class FailLevel(StrEnum):
    """The lowest severity of findings with exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


@bundled
def audit(
    rows: Annotated[
        str | None,
        typer.Option(
            "--rows",
            metavar="KIND",
            help="Stream every row of a kind, with all columns, as CSV or JSONL.",
            show_default=False,
        ),
    ] = None,
    by: options.By = "",
    fail_level: Annotated[
        FailLevel, typer.Option(help="Exit with 1 if a finding has this level or a higher one.")
    ] = FailLevel.ERROR,
    trust_constraints: options.TrustConstraints = False,
    *,
    reading: options.ReadFrom,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Count the recordings of each damaged kind, from one snapshot. Writes nothing.

    Examples:
        petrec audit

        petrec audit --format json --output audit.json

        petrec audit --by app_version

        petrec audit --source exports/2026-01-31

        petrec audit --rows missing_ambiguous > ambiguous.csv

    """
    from petrec.operations import audit as operations

    with failures_shown("audit", printing):
        session = open_session(
            "audit", connect, trust_constraints=trust_constraints, reading=reading
        )
        if rows is not None:
            if by:
                raise UsageError("--rows and --by cannot be combined", hint="give one of them")
            return _list_rows(session, rows, printing)
        with activity(quiet=printing.quiet) as shown:
            result = operations.audit(session, by=by, step=shown.step)
    session.show(result.document(), printing.output_format, printing.output)
    return exit_code(result, fail_level)


def exit_code(result: "AuditResult", fail_level: FailLevel) -> ExitCode:
    """Return what an audit's outcome means to the caller."""
    if result.total == 0:
        return ExitCode.NOTHING_CHECKED
    warned = any(warning.count for warning in result.warnings)
    failed = {
        FailLevel.ERROR: result.findings > 0,
        FailLevel.WARNING: result.findings > 0 or warned,
        FailLevel.NEVER: False,
    }
    return ExitCode.FINDINGS if failed[fail_level] else ExitCode.CLEAN


def _list_rows(session: CommandSession, kind: str, printing: options.Printing) -> int:
    from petrec.operations.audit import rows

    found, output_format, output = rows(session, kind), printing.output_format, printing.output
    if output_format not in {Format.TABLE, Format.CSV, Format.JSONL}:
        raise UsageError("--rows writes csv (the default) or jsonl", hint="--format jsonl")

    def stream() -> int:
        with open_output(output) as out:
            return _write(found, output_format, out)

    # Output on standard output cannot be deleted, so only a file is started again.
    count = stream() if output is None else once_more(stream)
    session.remark(quiet=printing.quiet)
    remark(f"{count} recordings of kind {kind}", quiet=printing.quiet)
    return ExitCode.FINDINGS if count and found.are_findings else ExitCode.CLEAN


def _write(found: "KindRows", output_format: Format, out: TextIO) -> int:
    from petrec.documents.as_csv import write_rows
    from petrec.documents.as_jsonl import write_lines

    if output_format is Format.JSONL:
        with found.json_lines() as lines:
            return write_lines(lines, out)
    with found.cells() as (columns, rows):
        return write_rows(columns, rows, out)
