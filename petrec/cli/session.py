"""A session of the command line: created from its options, shows results and remarks."""

import logging
import sys
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from petrec.cli.options import Connect, ReadFrom
from petrec.cli.output import remark, show
from petrec.documents.formats import Format
from petrec.errors import UsageError
from petrec.operations.session import Session

if TYPE_CHECKING:
    from petrec.documents.document import Document

# Where a fleet has the connection of a target from; its commands have it as --dsn.
connection_named: ContextVar[str] = ContextVar("connection_named", default="--dsn")


class CommandSession(Session):
    """A session with results on standard output or in a file, and remarks on standard error."""

    def show(self, document: "Document", output_format: Format, path: Path | None) -> None:
        """Render a result with the remarks on the schemas read so far."""
        if output_format is Format.CSV:
            self.remark(quiet=False)
        show(self.headed(document), output_format, path)

    def ask(self, question: str) -> bool:
        """Ask a person whether to continue, and name the database, host and role."""
        return ask(f"{self.place()}: {question}")

    def headed(self, document: "Document") -> "Document":
        """Return the document with the place written to, and remarks on what it rests on."""
        merged = tuple(dict.fromkeys((*document.remarks, *self.remarks)))
        place = self.place() if self.writes else ""
        one = document.one_snapshot and self.one_snapshot
        return replace(document, remarks=merged, place=place, one_snapshot=one)

    def remark(self, *, quiet: bool) -> None:
        """Write the remarks to standard error, for output formats that cannot hold them."""
        for text in self.remarks:
            remark(text, quiet=quiet)


def open_session(
    command: str,
    options: Connect,
    *,
    trust_constraints: bool = False,
    writes: bool = False,
    reading: ReadFrom | None = None,
) -> CommandSession:
    """Configure the logging and create the session that the options describe.

    `writes` is whether the command writes to the database, or plans what another one writes. With
    `reading`, it may read files, or by another engine.
    """
    from petrec.postgres.dsn import Dsn, resolve_dsn
    from petrec.settings import load_settings

    configure_logging(options.verbose)
    settings = load_settings(options.config).in_schema(options.schema)
    reading = reading or ReadFrom()
    lake, scans = reading.lake(), reading.scans
    if lake is None:
        target = resolve_dsn(
            options.dsn, options.service, names=(connection_named.get(), "--service")
        )
    else:
        _check_alone(options, trust_constraints=trust_constraints)
        target = Dsn("files", {})
    session = CommandSession.made(
        settings,
        target,
        command,
        trust_constraints=trust_constraints,
        expect_database=options.expect_database,
    )
    return replace(session, writes=writes, lake=lake, scans=scans)


def _check_alone(options: Connect, *, trust_constraints: bool) -> None:
    """Check that nothing is said of a database; errors: UsageError."""
    given = {
        "--dsn": options.dsn,
        "--service": options.service,
        "--expect-database": options.expect_database,
        "--trust-constraints": trust_constraints,
    }
    for name, value in given.items():
        if value:
            reason = f"--source and {name} cannot be combined"
            raise UsageError(reason, hint="files are no database, and have no constraints")


def configure_logging(verbose: int) -> None:
    """Log to standard error: 0 warnings, 1 steps, 2 and more statements."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(stream=sys.stderr, level=level, format="%(name)s: %(message)s")
    # SQLAlchemy's logger shows the statements.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if verbose > 1:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)


def ask(question: str) -> bool:
    """Return whether the answer is yes; errors: UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "there is no terminal to ask for confirmation",
            hint="add --yes to write without confirmation",
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
