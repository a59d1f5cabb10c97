"""`petrec validate`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.audit import FailLevel
from petrec.cli.bundle import bundled
from petrec.cli.output import append
from petrec.cli.progress import activity
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from petrec.features.validate.result import ValidationResult

_RATCHET, _SCOPE = "Baseline", "Scope"


@bundled
def validate(
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of known findings: only new ones fail. Default: \\[validate] baseline.",
            rich_help_panel=_RATCHET,
            show_default=False,
        ),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline",
            help="Write the current findings to the baseline.",
            rich_help_panel=_RATCHET,
        ),
    ] = False,
    no_baseline: Annotated[
        bool,
        typer.Option(
            "--no-baseline",
            help="Check all findings, even if petrec.toml names a baseline.",
            rich_help_panel=_RATCHET,
        ),
    ] = False,
    new_rows: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write kind and id of each recording that is new since the baseline, as CSV.",
            rich_help_panel=_RATCHET,
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Check only recordings created since then (7d, 24h, 2026-01-31).",
            rich_help_panel=_SCOPE,
            show_default=False,
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of constraints and indexes that must be valid. Default: \\[validate] "
            "expect.",
            rich_help_panel=_SCOPE,
            show_default=False,
        ),
    ] = None,
    no_rows: Annotated[
        bool,
        typer.Option("--no-rows", help="Show no ids of recordings.", rich_help_panel=_SCOPE),
    ] = False,
    allow_empty: Annotated[
        bool,
        typer.Option(
            "--allow-empty",
            help="Exit with 0 if there is no recording to check.",
            rich_help_panel=_SCOPE,
        ),
    ] = False,
    fail_level: Annotated[
        FailLevel, typer.Option(help="Exit with 1 if a finding has this level or a higher one.")
    ] = FailLevel.ERROR,
    trust_constraints: options.TrustConstraints = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    *,
    connect: options.Connect,
) -> int:
    """Check the findings against limits and a baseline, for CI. Writes nothing to the database.

    With -q, prints nothing if there is nothing to report.

    Examples:
        petrec validate

        petrec validate --baseline petrec-baseline.txt --update-baseline

        petrec validate --since 24h --format junit --output petrec.xml

    """
    from petrec.operations.validate import Gate
    from petrec.operations.validate import validate as judge

    session = open_session("validate", connect, trust_constraints=trust_constraints)
    chosen = Gate.of_settings(session)
    gate = Gate(
        baseline=_baseline(baseline, chosen.baseline, off=no_baseline),
        update_baseline=update_baseline,
        since=since,
        expect=expect or chosen.expect,
        warnings_fail=fail_level is FailLevel.WARNING,
        new_rows=new_rows,
    )
    with activity(quiet=quiet) as shown:
        result = judge(session, gate, examples=not no_rows, step=shown.step)
    if not (quiet and result.clean and output is None):
        session.show(result.document(), output_format, output)
    if output_format is Format.GITHUB and os.environ.get("GITHUB_STEP_SUMMARY"):
        append(
            session.headed(result.document()),
            Format.MARKDOWN,
            Path(os.environ["GITHUB_STEP_SUMMARY"]),
        )
    return _exit_code(result, fail_level, allow_empty=allow_empty)


def _baseline(given: Path | None, configured: Path | None, *, off: bool) -> Path | None:
    if off and given is not None:
        raise UsageError("--baseline and --no-baseline cannot be combined", hint="give one of them")
    return None if off else given or configured


def _exit_code(result: "ValidationResult", fail_level: FailLevel, *, allow_empty: bool) -> ExitCode:
    """Return the exit code: failures take precedence over "nothing to check"."""
    failed = {
        FailLevel.ERROR: result.errors > 0,
        FailLevel.WARNING: result.errors + result.warnings > 0,
        FailLevel.NEVER: False,
    }
    if failed[fail_level]:
        return ExitCode.FINDINGS
    return ExitCode.CLEAN if result.total or allow_empty else ExitCode.NOTHING_CHECKED
