"""A recording that a request changes: visible, locked, as its caller has seen it, and journaled."""

from collections.abc import Sequence
from threading import Lock

from sqlalchemy import Table

from petrec.api.corrections import queries
from petrec.api.deadline import taken
from petrec.api.entities import Entity
from petrec.api.http.errors import denied, not_found
from petrec.api.http.preconditions import Match, etag_of
from petrec.api.pooled import JournalConnection, driver_of
from petrec.api.recordings.detail import served_recording
from petrec.api.service import Caller, Service
from petrec.api.statements import Row, actor_values
from petrec.errors import UnsupportedServerError
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.presence import is_readable


class Changing:
    """Changes of recordings; `needed` are the tables of petrec's own, of some branches."""

    needed: Sequence[Table] = ()
    branches: Sequence[str] = ("journal",)
    deletes = False

    def __init__(self, service: Service) -> None:
        self.service = service
        self._is_ready = False
        self._lock = Lock()

    def look(self, caller: Caller, known: str) -> None:
        """Check that the caller may, before tables are created for them; errors: ApiError."""
        statement = self.service.clinic.statements.get(queries.see, caller.scope)
        with self.service.database.reading() as connection:
            row = statement.first(connection, actor_values(caller.actor) | {"id": known})
        if row is None:
            raise not_found(Entity.RECORDING)
        if not caller.scope.corrects:
            raise denied("This account cannot change recordings")

    def prepare(self) -> None:
        """Create petrec's tables where there are none, if the role may; errors: PetrecError."""
        if self._is_ready:
            return
        if not self.service.clinic.schema.layout.is_here:
            raise UnsupportedServerError("recordings on other nodes are not changed by the API")
        database = self.service.database
        with taken(self._lock, self.service.options.statement_s):
            with database.journaling() as connection:
                readable = is_readable(connection, *self.needed)
            if not readable:
                with database.engine_apart() as apart:
                    for branch in self.branches:
                        install_journal(apart, branch)
            self._is_ready = True

    def hold(self, connection: JournalConnection, caller: Caller, known: str, match: Match) -> Row:
        """Lock the recording, and compare it with what the caller has seen; errors: ApiError."""
        driver, service = driver_of(connection), self.service
        statement = service.clinic.statements.get(queries.lock, caller.scope, self.deletes)
        row = statement.first(driver, actor_values(caller.actor) | {"id": known})
        if row is None:
            raise not_found(Entity.RECORDING)

        def current() -> str | None:
            served = served_recording(driver, service, caller, known)
            return etag_of(served) if served is not None else None

        match.check(current)
        return row
