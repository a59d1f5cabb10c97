"""What a command works with: settings, connection, schema; made once, errors translated."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from petrec.cli.options import Connect
from petrec.errors import ReadCancelledError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from petrec.db.dsn import Dsn
    from petrec.schema import Schema
    from petrec.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """One command's settings and way to the database."""

    settings: "Settings"
    dsn: "Dsn"
    engine: "Engine"

    @contextmanager
    def snapshot(self) -> Iterator[tuple["Connection", "Schema"]]:
        """Open the read-only snapshot and check the schema in it."""
        from petrec.db.preflight import load_schema
        from petrec.db.snapshot import read_snapshot

        with self.translated(), read_snapshot(self.engine) as connection:
            yield connection, load_schema(connection, self.settings.mapping)

    def read(self, work: Callable[["Connection", "Schema"], T]) -> T:
        """Do all of a command's reading in one snapshot; in a second one if it is cancelled."""

        def attempt() -> T:
            with self.snapshot() as (connection, schema):
                return work(connection, schema)

        return once_more(attempt)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn database errors into petrec's own."""
        from petrec.db.failures import translated

        with translated(self.dsn):
            yield


def once_more(work: Callable[[], T]) -> T:
    """Run `work`, and once more where a standby's recovery cancels it: that passes quickly."""
    try:
        return work()
    except ReadCancelledError as cancelled:
        logging.getLogger("petrec").info("%s; trying once more", cancelled.reason)
    return work()


def open_session(command: str, connect: Connect) -> Session:
    """Read the settings and resolve the connection; connects on first use."""
    from petrec.db.connect import make_engine
    from petrec.db.dsn import resolve_dsn
    from petrec.settings import load_settings

    configure_logging(connect.verbose)
    settings = load_settings(connect.config)
    target = resolve_dsn(connect.dsn, connect.service)
    return Session(settings, target, make_engine(target, settings, command))


def configure_logging(verbose: int) -> None:
    """Log to stderr: warnings, with 1 what is done, with 2 and more statements."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(stream=sys.stderr, level=level, format="%(name)s: %(message)s")
    # Its steps are statements, which SQLAlchemy's logger shows.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if verbose > 1:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
