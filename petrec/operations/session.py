"""The context of an operation: settings, connection and schema, with errors translated."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from petrec.errors import ReadCancelledError, UsageError
from petrec.extras import need_extra
from petrec.lake.choice import Lake
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from petrec.postgres.dsn import Dsn
    from petrec.schema import Layout, Schema
    from petrec.settings import Settings
    from petrec.source import Source

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """Settings and connection of a database; each operation opens its own connection.

    `trust_constraints` lets read-only operations trust valid foreign keys. Where a
    session `writes`, the first snapshot notes the place. With a `lake`, they read files instead;
    where a session `scans`, DuckDB judges the rows of the database in this process.
    """

    settings: "Settings"
    dsn: "Dsn"
    engine: "Engine"
    trust_constraints: bool = False
    writes: bool = False
    lake: Lake | None = None
    scans: bool = False
    _remarks: dict[str, None] = field(default_factory=dict, repr=False)
    _layouts: "dict[Layout, None]" = field(default_factory=dict, repr=False)
    _places: list[str] = field(default_factory=list, repr=False)

    @classmethod
    def made(
        cls,
        settings: "Settings",
        dsn: "Dsn",
        command: str,
        *,
        trust_constraints: bool,
        expect_database: str,
    ) -> Self:
        """Return a session with an engine of its own; see `connect`."""
        from petrec.postgres.connection import make_engine

        trusts = trust_constraints or settings.audit.trust_constraints
        return cls(settings, dsn, make_engine(dsn, settings, command, expect_database), trusts)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the schemas read so far ignore, filter or trust."""
        return tuple(self._remarks)

    @property
    def one_snapshot(self) -> bool:
        """Return whether each snapshot so far had all rows as of one moment."""
        return all(layout.one_snapshot for layout in self._layouts)

    @contextmanager
    def source(self) -> Iterator[tuple["Source", "Schema"]]:
        """Open what audits read; foreign keys are trusted if the session allows it."""
        if self.lake is not None:
            with self._files(self.lake) as opened:
                yield opened
            return
        if self.scans:
            with self._scanned() as opened:
                yield opened
            return
        from petrec.postgres.source import DatabaseSource

        with self._snapshot(trusted=self.trust_constraints) as (connection, schema):
            yield DatabaseSource(connection), schema

    @contextmanager
    def _files(self, lake: Lake) -> Iterator[tuple["Source", "Schema"]]:
        lake.need_packages()
        from petrec.lake.open import open_lake

        with open_lake(lake, self.settings.mapping) as (source, schema):
            self._remarks.update(dict.fromkeys(schema.remarks))
            yield source, schema

    @contextmanager
    def _scanned(self) -> Iterator[tuple["Source", "Schema"]]:
        need_extra("DuckDB on a database", "lake-live", "duckdb", "sqlglot")
        from petrec.lake.live import LiveDatabase, check_readable
        from petrec.postgres.connection import scanner_conninfo
        from petrec.postgres.snapshot import export_snapshot
        from petrec.postgres.source import DatabaseSource
        from petrec.schema.writing import check_collations

        mapping = self.settings.mapping
        with self._snapshot(trusted=self.trust_constraints) as (connection, schema):
            check_readable(schema)
            check_collations(schema, Phrased(Phrase.ENGINE_LEFT_OUT))
            conninfo = scanner_conninfo(self.dsn, self.settings)
            database = LiveDatabase(
                conninfo, DatabaseSource(connection), *export_snapshot(connection)
            )
            with database.open(schema, mapping) as opened:
                yield opened

    def read_source(self, work: Callable[["Source", "Schema"], T]) -> T:
        """Run all reads of an operation on one state; once more if they are cancelled."""

        def attempt() -> T:
            with self.source() as (source, schema):
                return work(source, schema)

        return once_more(attempt)

    def snapshot(
        self, *, makes_visits: bool = False, known: "Schema | None" = None
    ) -> AbstractContextManager[tuple["Connection", "Schema"]]:
        """Open a read-only snapshot and check the schema in it.

        `makes_visits` is for operations that may have to create the configured visits; `known` is
        the schema that an earlier snapshot of the same operation has checked.
        """
        return self._snapshot(makes_visits=makes_visits, known=known)

    @contextmanager
    def _snapshot(
        self,
        *,
        trusted: bool = False,
        makes_visits: bool = False,
        known: "Schema | None" = None,
    ) -> Iterator[tuple["Connection", "Schema"]]:
        from petrec.postgres.connection import read_place
        from petrec.postgres.preflight import load_schema
        from petrec.postgres.search_path import read_search_path
        from petrec.postgres.session_state import use_path
        from petrec.postgres.snapshot import read_snapshot

        self.need_database()
        mapping, more = self.settings.mapping, self.settings.session.search_path
        with self.translated(), read_snapshot(self.engine) as connection:
            if known is not None:
                yield connection, known
                return
            schema = load_schema(connection, mapping, trusted=trusted, makes_visits=makes_visits)
            use_path(connection, read_search_path(connection, mapping, more))
            self._layouts[schema.layout] = None
            self._remarks.update(dict.fromkeys(schema.remarks))
            if self.writes and not self._places:
                self._places.append(read_place(connection))
            yield connection, schema

    def need_database(self) -> None:
        """Check that the session is of a database; errors: UsageError if it reads files."""
        if self.lake is not None:
            hint = Phrased(Phrase.DATABASE_INSTEAD)
            raise UsageError("exports can be audited, checked and reported, no more", hint=hint)

    def place(self) -> str:
        """Return database, host and role, which are shown before something is written."""
        from petrec.postgres.connection import read_place

        self.need_database()
        if not self._places:
            with self.translated(), self.engine.connect() as connection:
                self._places.append(read_place(connection))
        return self._places[0]

    def read(
        self,
        work: Callable[["Connection", "Schema"], T],
        *,
        makes_visits: bool = False,
    ) -> T:
        """Run all reads of an operation in one snapshot; in a second one if it is cancelled."""

        def attempt() -> T:
            with self.snapshot(makes_visits=makes_visits) as (connection, schema):
                return work(connection, schema)

        return once_more(attempt)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn database errors into petrec's own."""
        from petrec.postgres.errors import translated

        with translated(self.dsn):
            yield


def once_more(work: Callable[[], T]) -> T:
    """Run `work`, and once more if the recovery of a standby cancels it."""
    try:
        return work()
    except ReadCancelledError as cancelled:
        logging.getLogger("petrec").info("%s; trying again once", cancelled.reason)
    return work()
