"""`petrec report`: what cron runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options as shared
from petrec.cli.audit import FailLevel, exit_code
from petrec.cli.bundle import bundled
from petrec.cli.output import show, steps
from petrec.cli.report import options
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import UsageError
from petrec.extras import need_extra
from petrec.operations.session import once_more

if TYPE_CHECKING:
    from petrec.features.report import Target
    from petrec.features.report.result import ReportResult


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
    notify: options.Notify = None,
    from_file: options.From = None,
    fail_level: Annotated[FailLevel, typer.Option(help="Exit 1 from this level on.")] = (
        FailLevel.ERROR
    ),
    trust_constraints: shared.TrustConstraints = False,
    output_format: options.PrintFormat = None,
    quiet: shared.Quiet = False,
    *,
    connect: shared.Connect,
) -> int:
    """Report how many associations are damaged, whether it gets better, and since when.

    The files are replaced together, or stay as they were. Writes to the database only with
    --record.

    Examples:
        petrec report --html report.html --prometheus /var/lib/node_exporter/petrec.prom

        petrec report --record --email report.eml --fail-level never

        petrec report --from report.json --html report.html

    """
    need_extra("petrec report", "report", "pandas", "jinja2", "urllib3")
    from petrec.cli.report.make import Keeping, make, render_again
    from petrec.cli.report.tell import told
    from petrec.features.report import Scope, failure_marked
    from petrec.features.report.notify import checked

    paths = {"html": html, "email": email, "markdown": markdown, "json": json}
    targets = _targets(paths, prometheus, mode)
    if from_file is not None:
        return _finish(render_again(from_file, targets), output_format, targets, fail_level)
    with failure_marked(prometheus):
        keeping = Keeping.chosen(history, record=record, no_history=no_history)
        session = open_session("report", connect, trust_constraints=trust_constraints)
        scope = Scope(days, trend_days, examples=not no_rows)
        webhook = checked(notify or session.settings.report.notify_url)
    with told(webhook) as tell:
        with failure_marked(prometheus), steps(quiet=quiet) as step:
            result = once_more(lambda: make(session, scope, keeping, targets, step))
        code = _finish(result, output_format, targets, fail_level)
        tell(result)
    return code


def _targets(paths: dict[str, Path | None], metrics: Path | None, mode: str) -> "list[Target]":
    from importlib import import_module

    from petrec.features.report import METRICS_MODE, Target

    number = _mode(mode)
    for form, path in paths.items():
        if path is not None and path.suffix == ".eml" and form != "email":
            raise UsageError(f"{path} would not be a message", hint=f"--email {path}")
    targets = []
    for form, path in paths.items():
        if path is not None:
            module = import_module(f"petrec.features.report.as_{form}")
            write = module.write_message if path.suffix == ".eml" else module.write
            targets.append(Target(path, write, number))
    if metrics is not None:
        from petrec.features.report import prometheus

        targets.append(Target(metrics, prometheus.write, METRICS_MODE))
    named = [target.path.absolute() for target in targets]
    if len(set(named)) < len(named):
        raise UsageError("two files have the same name", hint="give each form a file of its own")
    return targets


def _mode(text: str) -> int:
    try:
        number = int(text, 8)
    except ValueError:
        number = -1
    if not 0o400 <= number <= 0o777:
        raise UsageError(f"{text!r} is not a file mode", hint="--mode 640")
    return number


def _finish(
    result: "ReportResult",
    output_format: Format | None,
    targets: "list[Target]",
    fail_level: FailLevel,
) -> int:
    if output_format is not None or not targets:
        show(result.document(), output_format or Format.TABLE, None)
    return exit_code(result.audit, fail_level)
