"""What a command works with: settings, connection, schema; made once, errors translated."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from petrec.cli.options import Connect
from petrec.cli.output import remark, show
from petrec.documents.document import Document
from petrec.documents.formats import Format
from petrec.errors import ReadCancelledError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from petrec.postgres.dsn import Dsn
    from petrec.schema import Schema
    from petrec.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """One command's settings and way to the database.

    `trusted` is whether foreign keys may stand for the rows; only what reads may say so.
    `makes_visits` is whether the command may have to make the visits that are configured.
    """

    settings: "Settings"
    dsn: "Dsn"
    engine: "Engine"
    trusted: bool = False
    makes_visits: bool = False
    _remarks: dict[str, None] = field(default_factory=dict)

    @contextmanager
    def snapshot(self) -> Iterator[tuple["Connection", "Schema"]]:
        """Open the read-only snapshot and check the schema in it."""
        from petrec.postgres.preflight import load_schema
        from petrec.postgres.search_path import read_search_path
        from petrec.postgres.session_state import use_path
        from petrec.postgres.snapshot import read_snapshot

        mapping, more = self.settings.mapping, self.settings.session.search_path
        with self.translated(), read_snapshot(self.engine) as connection:
            schema = load_schema(
                connection,
                mapping,
                trusted=self.trusted,
                makes_visits=self.makes_visits,
            )
            use_path(connection, read_search_path(connection, mapping, more))
            self._remarks.update(dict.fromkeys(schema.remarks))
            yield connection, schema

    def show(self, document: Document, output_format: Format, path: Path | None) -> None:
        """Render a result with what the schemas read so far have to remark."""
        if output_format is Format.CSV:
            self.remark(quiet=False)
        show(self.headed(document), output_format, path)

    def headed(self, document: Document) -> Document:
        """Return the document with the remarks on the schemas that it rests on."""
        merged = dict.fromkeys((*document.remarks, *self._remarks))
        return replace(document, remarks=tuple(merged))

    def remark(self, *, quiet: bool) -> None:
        """Tell the remarks to the person, beside data that has no room for them."""
        for text in self._remarks:
            remark(text, quiet=quiet)

    def read(self, work: Callable[["Connection", "Schema"], T]) -> T:
        """Do all of a command's reading in one snapshot; in a second one if it is cancelled."""

        def attempt() -> T:
            with self.snapshot() as (connection, schema):
                return work(connection, schema)

        return once_more(attempt)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn database errors into petrec's own."""
        from petrec.postgres.errors import translated

        with translated(self.dsn):
            yield


def once_more(work: Callable[[], T]) -> T:
    """Run `work`, and once more where a standby's recovery cancels it: that passes quickly."""
    try:
        return work()
    except ReadCancelledError as cancelled:
        logging.getLogger("petrec").info("%s; trying once more", cancelled.reason)
    return work()


def open_session(command: str, connect: Connect, *, trusted: bool | None = None) -> Session:
    """Read the settings and resolve the connection; connects on first use.

    `trusted` is None for a command that must not trust foreign keys, whatever the settings say.
    """
    from petrec.postgres.connection import make_engine
    from petrec.postgres.dsn import resolve_dsn
    from petrec.settings import load_settings

    configure_logging(connect.verbose)
    settings = load_settings(connect.config)
    target = resolve_dsn(connect.dsn, connect.service)
    trusts = trusted is not None and (trusted or settings.audit.trust_constraints)
    engine = make_engine(target, settings, command)
    return Session(settings, target, engine, trusts, makes_visits=command == "constraints")


def configure_logging(verbose: int) -> None:
    """Log to stderr: warnings, with 1 what is done, with 2 and more statements."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(stream=sys.stderr, level=level, format="%(name)s: %(message)s")
    # Its steps are statements, which SQLAlchemy's logger shows.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if verbose > 1:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
