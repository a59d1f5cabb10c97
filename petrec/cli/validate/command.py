"""`petrec validate`."""

from typing import TYPE_CHECKING

from petrec.cli import options as shared
from petrec.cli.audit import FailLevel
from petrec.cli.bundle import bundled
from petrec.cli.pipelines import failures_shown, summarize
from petrec.cli.progress import activity
from petrec.cli.session import CommandSession, open_session
from petrec.cli.validate.options import Ratchet, ScopeOptions
from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.validate.result import ValidationResult
    from petrec.operations.validate import Gate


@bundled
def validate(
    *,
    ratchet: Ratchet,
    scope: ScopeOptions,
    trust_constraints: shared.TrustConstraints = False,
    reading: shared.ReadFrom,
    printing: shared.Printing,
    connect: shared.Connect,
) -> int:
    """Check the findings against limits and a baseline, for CI. Writes nothing to the database.

    With -q, prints nothing if there is nothing to report.

    Examples:
        petrec validate

        petrec validate --baseline petrec-baseline.txt --update-baseline

        petrec validate --since 24h --format junit --output petrec.xml

    """
    from petrec.operations.validate import validate as judge

    with failures_shown("validate", printing):
        session = open_session(
            "validate", connect, trust_constraints=trust_constraints, reading=reading
        )
        gate = _gate(session, ratchet, scope)
        with activity(quiet=printing.quiet) as shown:
            result = judge(session, gate, examples=not scope.no_rows, step=shown.step)
    if not (printing.quiet and result.clean and printing.output is None):
        session.show(result.document(), printing.output_format, printing.output)
    summarize(session.headed(result.document()), printing.output_format)
    return _exit_code(result, scope.fail_level)


def _gate(session: CommandSession, ratchet: Ratchet, scope: ScopeOptions) -> "Gate":
    from petrec.operations.validate import Gate

    configured = Gate.of_settings(session)
    return Gate(
        baseline=ratchet.file(configured.baseline),
        update_baseline=ratchet.update_baseline,
        since=scope.since,
        expect=scope.expect or configured.expect,
        warnings_fail=scope.fail_level is FailLevel.WARNING,
        new_rows=ratchet.new_rows,
        allow_empty=scope.allow_empty,
    )


def _exit_code(result: "ValidationResult", fail_level: FailLevel) -> ExitCode:
    """Return what the outcome means: what fails goes before that there was nothing to check."""
    failed = {
        FailLevel.ERROR: result.errors > 0,
        FailLevel.WARNING: result.errors + result.warnings > 0,
        FailLevel.NEVER: False,
    }
    if failed[fail_level]:
        return ExitCode.FINDINGS
    return ExitCode.NOTHING_CHECKED if result.nothing_checked else ExitCode.CLEAN
