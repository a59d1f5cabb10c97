"""The context of an operation: settings, connection and schema, with errors translated."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from petrec.errors import ReadCancelledError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from petrec.postgres.dsn import Dsn
    from petrec.schema import Schema
    from petrec.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """Settings and connection of a database; each operation opens its own connection.

    `trust_constraints` lets read-only operations trust valid foreign keys. Where a
    session `writes`, the first snapshot notes the place.
    """

    settings: "Settings"
    dsn: "Dsn"
    engine: "Engine"
    trust_constraints: bool = False
    writes: bool = False
    _remarks: dict[str, None] = field(default_factory=dict, repr=False)
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

    @contextmanager
    def snapshot(
        self, *, may_trust: bool = False, makes_visits: bool = False
    ) -> Iterator[tuple["Connection", "Schema"]]:
        """Open a read-only snapshot and check the schema in it.

        `may_trust` is for operations that may trust foreign keys if the session allows it,
        `makes_visits` for those that may have to create the configured visits.
        """
        from petrec.postgres.connection import read_place
        from petrec.postgres.preflight import load_schema
        from petrec.postgres.search_path import read_search_path
        from petrec.postgres.session_state import use_path
        from petrec.postgres.snapshot import read_snapshot

        mapping, more = self.settings.mapping, self.settings.session.search_path
        trusted = may_trust and self.trust_constraints
        with self.translated(), read_snapshot(self.engine) as connection:
            schema = load_schema(connection, mapping, trusted=trusted, makes_visits=makes_visits)
            use_path(connection, read_search_path(connection, mapping, more))
            self._remarks.update(dict.fromkeys(schema.remarks))
            if self.writes and not self._places:
                self._places.append(read_place(connection))
            yield connection, schema

    def place(self) -> str:
        """Return database, host and role, which are shown before something is written."""
        from petrec.postgres.connection import read_place

        if not self._places:
            with self.translated(), self.engine.connect() as connection:
                self._places.append(read_place(connection))
        return self._places[0]

    def read(
        self,
        work: Callable[["Connection", "Schema"], T],
        *,
        may_trust: bool = False,
        makes_visits: bool = False,
    ) -> T:
        """Run all reads of an operation in one snapshot; in a second one if it is cancelled."""

        def attempt() -> T:
            opened = self.snapshot(may_trust=may_trust, makes_visits=makes_visits)
            with opened as (connection, schema):
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


def connect(
    dsn: str | None = None,
    *,
    service: str | None = None,
    config: str | Path | None = None,
    schema: str = "",
    trust_constraints: bool = False,
    expect_database: str = "",
    command: str = "python",
) -> Session:
    """Read the settings and resolve the connection; it connects at the first use.

    `dsn` is a connection string; without it and `service` (of pg_service.conf), the session uses
    PETREC_DATABASE_URL, DATABASE_URL or libpq's variables. `config` is a file of settings; without
    it petrec.toml or pyproject.toml of the working directory; `schema` replaces that of its
    mapping. `command` is shown in
    pg_stat_activity. Operations fail if the database does not have the name `expect_database`.
    Errors: SettingsError, UsageError.
    """
    from petrec.postgres.dsn import resolve_dsn
    from petrec.settings import load_settings

    settings = load_settings(None if config is None else Path(config)).in_schema(schema)
    target = resolve_dsn(dsn, service)
    return Session.made(
        settings,
        target,
        command,
        trust_constraints=trust_constraints,
        expect_database=expect_database,
    )
