"""One report: snapshot, audit, history and files, all of it or nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from petrec.errors import UsageError
from petrec.features.audit import run_audit
from petrec.features.audit.result import AuditResult
from petrec.features.report import Scope, Target, build_report, publication
from petrec.features.report.history import (
    Comparison,
    compared_in_database,
    compared_in_file,
    compared_with_nothing,
)
from petrec.features.report.result import ReportResult
from petrec.files import read_text
from petrec.operations.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from petrec.schema import Schema

DEFAULT_HISTORY = Path("petrec-history.txt")


@dataclass(frozen=True)
class Keeping:
    """Where the history is kept: in a file, in the database, or nowhere."""

    file: Path | None
    record: bool

    @classmethod
    def chosen(cls, file: Path | None, *, record: bool, no_history: bool) -> "Keeping":
        """Return what the options mean; errors: UsageError."""
        if sum((file is not None, record, no_history)) > 1:
            reason = "--history, --record and --no-history exclude each other"
            raise UsageError(reason, hint="give one of them")
        return cls(None if record or no_history else file or DEFAULT_HISTORY, record)


def make(
    session: Session,
    scope: Scope,
    keeping: Keeping,
    targets: Sequence[Target],
    step: Callable[[str], None],
) -> ReportResult:
    """Make the report and its files; the history goes on only once the files are there."""
    if keeping.record:
        _install(session)
    with session.translated(), ExitStack() as kept, publication(targets) as publish:
        with session.snapshot(may_trust=True) as (connection, schema):
            audit = run_audit(connection, schema, step=step)
            step("comparing with the last report")
            comparing = _comparing(session, keeping, connection, schema, audit)
            comparison = kept.enter_context(comparing)
            step("writing the report")
            result = build_report(connection, schema, audit, comparison, scope)
        publish(result)
    return result


def render_again(path: Path, targets: Sequence[Target]) -> ReportResult:
    """Read a report from its JSON and write it in other forms; errors: UsageError."""
    hint = "--from reads what petrec report --json has written"
    try:
        result = msgspec.json.decode(read_text(path), type=ReportResult)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not a report: {error}", hint=hint) from error
    if not result.trend:
        raise UsageError(f"{path} is not a report: its trend is empty", hint=hint)
    with publication(targets) as publish:
        publish(result)
    return result


def _install(session: Session) -> None:
    from petrec.features.runs.journal.install import install_journal
    from petrec.postgres.writable import check_primary

    with session.translated():
        with session.engine.connect() as connection:
            check_primary(connection)
        install_journal(session.engine, "history")


def _comparing(
    session: Session,
    keeping: Keeping,
    connection: "Connection",
    schema: "Schema",
    audit: AuditResult,
) -> AbstractContextManager[Comparison]:
    if keeping.record:
        return compared_in_database(session.engine, connection, schema, audit)
    if keeping.file is not None:
        return compared_in_file(keeping.file, connection, schema, audit)
    return nullcontext(compared_with_nothing(audit))
