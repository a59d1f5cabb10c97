"""`petrec validate`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.audit import FailLevel
from petrec.cli.bundle import bundled
from petrec.cli.output import append, steps
from petrec.cli.session import CommandSession, open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from petrec.features.validate.result import ValidationResult
    from petrec.schema import Schema

_RATCHET, _SCOPE = "Baseline", "Scope"


@dataclass(frozen=True)
class Request:
    """What is to be validated, and against what."""

    baseline: Path | None
    update: bool
    since: str | None
    expect: Path | None
    rows: bool
    warnings_fail: bool


@bundled
def validate(
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Known findings: they pass, a new one fails. Default: \\[validate] baseline.",
            rich_help_panel=_RATCHET,
            show_default=False,
        ),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline",
            help="Make the baseline hold just what is found now.",
            rich_help_panel=_RATCHET,
        ),
    ] = False,
    no_baseline: Annotated[
        bool,
        typer.Option(
            "--no-baseline",
            help="Judge all findings, whatever petrec.toml says.",
            rich_help_panel=_RATCHET,
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Check only recordings created since (7d, 24h, 2026-01-31): a partial answer.",
            rich_help_panel=_SCOPE,
            show_default=False,
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Constraints and indexes that must be valid. Default: \\[validate] expect.",
            rich_help_panel=_SCOPE,
            show_default=False,
        ),
    ] = None,
    no_rows: Annotated[
        bool,
        typer.Option("--no-rows", help="Name no recording in the output.", rich_help_panel=_SCOPE),
    ] = False,
    fail_level: Annotated[FailLevel, typer.Option(help="Exit 1 from this level on.")] = (
        FailLevel.ERROR
    ),
    trust_constraints: options.TrustConstraints = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    *,
    connect: options.Connect,
) -> int:
    """Judge the findings by limits and a baseline, for pipelines. Writes nothing to the database.

    With -q it says nothing where there is nothing to say.

    Examples:
        petrec validate

        petrec validate --baseline petrec-baseline.txt --update-baseline

        petrec validate --since 24h --format junit --output petrec.xml

    """
    session = open_session("validate", connect, trust_constraints=trust_constraints)
    chosen = session.settings.validate
    request = Request(
        _baseline(baseline, chosen.baseline, off=no_baseline),
        update_baseline,
        since,
        expect or (Path(chosen.expect) if chosen.expect else None),
        not no_rows,
        fail_level is FailLevel.WARNING,
    )
    _check(request)
    result = _validated(session, request, quiet=quiet)
    if not (quiet and result.clean and output is None):
        session.show(result.document(), output_format, output)
    if output_format is Format.GITHUB and os.environ.get("GITHUB_STEP_SUMMARY"):
        append(
            session.headed(result.document()),
            Format.MARKDOWN,
            Path(os.environ["GITHUB_STEP_SUMMARY"]),
        )
    return _exit_code(result, fail_level)


def _baseline(given: Path | None, configured: str, *, off: bool) -> Path | None:
    if off and given is not None:
        raise UsageError("--baseline and --no-baseline exclude each other", hint="give one of them")
    return None if off else given or (Path(configured) if configured else None)


def _check(request: Request) -> None:
    if request.update and request.baseline is None:
        raise UsageError("there is no baseline to update", hint="name it by --baseline FILE")
    if request.since is not None and request.baseline is not None:
        raise UsageError(
            "a window cannot be held against the baseline of all recordings",
            hint="leave out --since, or judge the window alone by --no-baseline",
        )


def _validated(session: CommandSession, request: Request, *, quiet: bool) -> "ValidationResult":
    from petrec.features.audit import run_audit
    from petrec.features.validate import (
        Baseline,
        Expected,
        apply_ratchet,
        judge,
        limits_by_rule,
        window,
    )

    limits = limits_by_rule(session.settings.validate.rules)
    expected = Expected.read(request.expect)

    def work(connection: "Connection", schema: "Schema") -> "ValidationResult":
        start, within = window(connection, schema, request.since)
        audit = run_audit(connection, schema, within=within, step=step)
        ratchet = None
        # An empty table is no reason to forget what is known.
        if request.baseline is not None and audit.total:
            step("comparing with the baseline")
            known = Baseline(request.baseline, schema)
            ratchet = apply_ratchet(connection, schema, known, update=request.update)
        return judge(
            audit,
            limits,
            ratchet=ratchet,
            since=start,
            expectations=list(expected.hold(connection, schema)),
            warnings_fail=request.warnings_fail,
        )

    with steps(quiet=quiet) as step:
        result = session.read(work, may_trust=True)
    return result if request.rows else result.without_rows()


def _exit_code(result: "ValidationResult", fail_level: FailLevel) -> ExitCode:
    if result.total == 0:
        return ExitCode.NOTHING_CHECKED
    failed = {
        FailLevel.ERROR: result.errors > 0,
        FailLevel.WARNING: result.errors + result.warnings > 0,
        FailLevel.NEVER: False,
    }
    return ExitCode.FINDINGS if failed[fail_level] else ExitCode.CLEAN
