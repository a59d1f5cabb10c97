"""The report: built from one snapshot, with its history, its files and its webhook."""

from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from petrec.errors import PetrecError, UsageError
from petrec.extras import need_extra
from petrec.files import read_text
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session, once_more
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from petrec.features.audit.result import AuditResult
    from petrec.features.report import ReportFile
    from petrec.features.report.history import Comparison
    from petrec.features.report.result import ReportResult
    from petrec.schema import Schema
    from petrec.source import Source

_EXTRA = ("petrec report", "report", "pandas", "jinja2", "urllib3")


@dataclass(frozen=True)
class ReportFiles:
    """The files of a report by format; `mode` applies to all but the metrics."""

    html: Path | None = None
    email: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    prometheus: Path | None = None
    mode: int = 0o600

    def targets(self) -> "list[ReportFile]":
        """Return the files to write; errors: UsageError."""
        from petrec.features.report import METRICS_MODE, ReportFile, prometheus

        forms = {"html": self.html, "email": self.email, "markdown": self.markdown,
                 "json": self.json}  # fmt: skip
        targets = []
        for form, path in forms.items():
            if path is None:
                continue
            if path.suffix == ".eml" and form != "email":
                raise UsageError(
                    f"{path} is not a mail message", hint=Phrased(Phrase.NAME_EMAIL, path=path)
                )
            module = import_module(f"petrec.features.report.as_{form}")
            write = module.write_message if path.suffix == ".eml" else module.write
            targets.append(ReportFile(path, write, self.mode))
        if self.prometheus is not None:
            targets.append(ReportFile(self.prometheus, prometheus.write, METRICS_MODE))
        if len({target.path.absolute() for target in targets}) < len(targets):
            hint = "name a different file for each format"
            raise UsageError("two files have the same name", hint=hint)
        return targets


@dataclass(frozen=True)
class ReportScope:
    """What a report covers: days of uploads and of the trend, and whether it names recordings.

    `by` is a column or a key of recording_metadata whose values are compared, as by `audit`.
    The history of earlier reports is in a file, with `record` in the database, or nowhere.
    """

    days: int = 7
    trend_days: int = 90
    examples: bool = True
    history: Path | None = None
    record: bool = False
    by: str = ""


def report(
    session: Session,
    files: ReportFiles | None = None,
    scope: ReportScope | None = None,
    *,
    notify: str = "",
    step: Step = ignore,
    before_notifying: "Callable[[ReportResult], None]" = ignore,
) -> "ReportResult":
    """Report how many recordings are damaged, and how that changes over time.

    Either all files are replaced or none. `notify` is the URL of a webhook, which is also notified
    of a failure; `before_notifying` is called with the report first. The database is written to
    only if the scope has `record`. Errors: UsageError, OutputError.
    """
    need_extra(*_EXTRA)
    from petrec.features.report import failure_marked
    from petrec.features.report.notify import checked

    files, scope = files or ReportFiles(), scope or ReportScope()
    targets = files.targets()
    with failure_marked(files.prometheus):
        url = checked(notify or session.settings.report.notify_url)
    with _notifying(url) as send:
        with failure_marked(files.prometheus):
            result = once_more(lambda: _make(session, scope, targets, step))
        before_notifying(result)
        send(result)
    return result


def render_report(source: Path, files: ReportFiles | None = None) -> "ReportResult":
    """Read a report from its JSON and write it in other formats; errors: UsageError."""
    need_extra(*_EXTRA)
    import msgspec

    from petrec.features.report import publication
    from petrec.features.report.result import ReportResult

    targets = (files or ReportFiles()).targets()
    hint = Phrased(Phrase.REPORT_JSON_ONLY)
    try:
        result = msgspec.json.decode(read_text(source), type=ReportResult)
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is not a report: {error}", hint=hint) from error
    if not result.trend:
        raise UsageError(f"{source} is not a report: its trend is empty", hint=hint)
    with publication(targets) as publish:
        publish(result)
    return result


def _make(
    session: Session, scope: ReportScope, targets: "list[ReportFile]", step: Step
) -> "ReportResult":
    """Build the report and its files; the history is updated only after the files are written."""
    from petrec.documents.safe_text import check_link
    from petrec.features.audit.origins.by import run_audit_by
    from petrec.features.report import ReportWindow, build_report, publication

    if scope.record:
        _install(session)
    link = check_link(session.settings.report.link, "report")
    files, master = (lake.source, lake.cluster) if (lake := session.lake) else ("", "")
    window = ReportWindow(scope.days, scope.trend_days, scope.examples, link, files, master)
    with session.translated(), ExitStack() as kept, publication(targets) as publish:
        with session.source() as (source, schema):
            audit = run_audit_by(source, schema, scope.by, names=scope.examples, step=step)
            step("comparing with the last report")
            comparing = _comparing(session, scope, source, schema, audit)
            comparison = kept.enter_context(comparing)
            step("writing the report")
            result = build_report(source, schema, audit, comparison, window)
        publish(result)
    return result


def _install(session: Session) -> None:
    from petrec.features.runs.journal.install import install_journal
    from petrec.postgres.writable import check_primary

    session.need_database()
    with session.translated():
        with session.engine.connect() as connection:
            check_primary(connection)
        install_journal(session.engine, "history")


def _comparing(
    session: Session,
    scope: ReportScope,
    source: "Source",
    schema: "Schema",
    audit: "AuditResult",
) -> "AbstractContextManager[Comparison]":
    from petrec.features.report import history

    if scope.record:
        return history.compared_in_database(session.engine, source, schema, audit)
    if scope.history is not None:
        return history.compared_in_file(scope.history, source, schema, audit)
    return nullcontext(history.compared_with_nothing(audit))


@contextmanager
def _notifying(url: str) -> "Iterator[Callable[[ReportResult], None]]":
    """Yield a function that posts a report; the webhook is also notified of a failed report."""
    from petrec.features.report.notify import failure_summary, post, summary

    if not url:
        yield ignore
        return
    delivering = False

    def send(result: "ReportResult") -> None:
        nonlocal delivering
        delivering = True
        post(url, summary(result))

    try:
        yield send
    except PetrecError as error:
        # The command ends with the failure itself, whether the post succeeds or not.
        if not delivering:
            with suppress(PetrecError):
                post(url, failure_summary(error.reason))
        raise
