"""`petrec report`: what cron runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options as shared
from petrec.cli.audit import FailLevel, exit_code
from petrec.cli.bundle import bundled
from petrec.cli.output import collected, show
from petrec.cli.progress import activity
from petrec.cli.report import options
from petrec.cli.session import CommandSession, open_session
from petrec.documents.formats import Format
from petrec.errors import UsageError
from petrec.extras import need_extra

if TYPE_CHECKING:
    from petrec.features.report.result import ReportResult

DEFAULT_HISTORY = Path("petrec-history.txt")


@bundled
def report(
    html: options.Html = None,
    email: options.Email = None,
    markdown: options.Markdown = None,
    json: options.Json = None,
    prometheus: options.Prometheus = None,
    mode: options.Mode = "600",
    history: options.History = None,
    record: options.Record = False,
    no_history: options.NoHistory = False,
    days: options.Days = 7,
    trend_days: options.TrendDays = 90,
    no_rows: options.NoRows = False,
    by: shared.By = "",
    notify: options.Notify = None,
    from_file: options.From = None,
    fail_level: Annotated[
        FailLevel, typer.Option(help="Exit with 1 if a finding has this level or a higher one.")
    ] = FailLevel.ERROR,
    trust_constraints: shared.TrustConstraints = False,
    output_format: options.PrintFormat = None,
    quiet: shared.Quiet = False,
    *,
    reading: shared.ReadFrom,
    connect: shared.Connect,
) -> int:
    """Report how many recordings are damaged, and how that changes over time.

    Either all files are replaced or none. Writes to the database only with --record.

    Examples:
        petrec report --html report.html --prometheus /var/lib/node_exporter/petrec.prom

        petrec report --record --email report.eml --fail-level never

        petrec report --from report.json --html report.html

    """
    need_extra("petrec report", "report", "pandas", "jinja2", "urllib3")
    from petrec.features.report import failure_marked
    from petrec.operations.report import ReportFiles, ReportScope, render_report
    from petrec.operations.report import report as make

    files = ReportFiles(html, email, markdown, json, prometheus, _mode(mode))

    session: CommandSession | None = None

    def present(result: "ReportResult") -> None:
        shown.clear()
        files_alone = any((html, email, markdown, json, prometheus)) and collected.get() is None
        if output_format is not None or not files_alone:
            document = result.document()
            head = document if session is None else session.headed(document)
            show(head, output_format or Format.TABLE, None)

    with activity(quiet=quiet) as shown:
        if from_file is not None:
            result = render_report(from_file, files)
            present(result)
            return exit_code(result.audit, fail_level)
        with failure_marked(prometheus):
            kept = _history(history, record=record, no_history=no_history)
            trusts = trust_constraints
            session = open_session(
                "report", connect, trust_constraints=trusts, writes=record, reading=reading
            )
        scope = ReportScope(days, trend_days, not no_rows, kept, record, by)
        result = make(
            session, files, scope,
            notify=notify or "", step=shown.step, before_notifying=present,
        )  # fmt: skip
    return exit_code(result.audit, fail_level)


def _history(file: Path | None, *, record: bool, no_history: bool) -> Path | None:
    """Return the history file, None if there is none; errors: UsageError."""
    if sum((file is not None, record, no_history)) > 1:
        reason = "--history, --record and --no-history cannot be combined"
        raise UsageError(reason, hint="give one of them")
    return None if record or no_history else file or DEFAULT_HISTORY


def _mode(text: str) -> int:
    try:
        number = int(text, 8)
    except ValueError:
        number = -1
    if not 0o400 <= number <= 0o777:
        raise UsageError(f"{text!r} is not a file mode", hint="--mode 640")
    return number
