"""Set the pet of a recording: by the rules of an upload, and journaled as a run of its own."""

import logging
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from petrec.api.corrections import queries
from petrec.api.corrections.wire import RecordingPatch
from petrec.api.database import Connection, JournalConnection, driver_of
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError, conflict, denied, not_found
from petrec.api.http.preconditions import Match, etag_of
from petrec.api.recordings.detail import read_recording, served_recording
from petrec.api.recordings.wire import RecordingOut
from petrec.api.service import Caller, Service
from petrec.api.statements import Row, actor_values
from petrec.api.uploads.membership import explain, visit_differs
from petrec.api.uploads.new_recording import Association
from petrec.errors import UnsupportedServerError
from petrec.features.runs.at_once import NotWrittenError, write_at_once
from petrec.features.runs.edits import Edit
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.tables import changes, edits, runs, skips
from petrec.features.runs.run import Action, SkipCause
from petrec.features.runs.targets import make_target
from petrec.schema import is_moment

logger = logging.getLogger("petrec.api")

REASON = "corrected"


class Corrections:
    """Corrects recordings; the journal is created by the first correction, if the role may."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._is_ready = False
        self._lock = Lock()

    def correct(
        self, caller: Caller, recording: str, body: RecordingPatch, match: Match
    ) -> RecordingOut:
        """Set the pet; errors: ApiError, and the database's."""
        service, ids = self.service, self.service.clinic.ids
        known = ids.parse(Entity.RECORDING, recording, "recording_id")
        pet = ids.parse(Entity.PET, body.pet_id, "pet_id")
        self._look(caller, known)
        self._prepare()
        with service.database.journaling() as connection:
            row = self._hold(connection, caller, known, match)
            run = self._write(connection, caller, row, pet) if row.pet_id != pet else None
        if run is not None:
            self._log(caller, known, row.pet_id, pet, run)
        return read_recording(service, caller, recording)

    def _look(self, caller: Caller, known: str) -> None:
        """Check that the caller may correct it, before the journal is created for them."""
        statement = self.service.clinic.statements.get(queries.see, caller.scope)
        with self.service.database.reading() as connection:
            row = statement.first(connection, actor_values(caller.actor) | {"id": known})
        if row is None:
            raise not_found(Entity.RECORDING)
        if not caller.scope.corrects:
            raise denied("This account cannot correct recordings")

    def _prepare(self) -> None:
        """Create the journal where there is none; errors: PermissionMissingError and others."""
        if self._is_ready:
            return
        if not self.service.clinic.schema.layout.is_here:
            raise UnsupportedServerError("recordings on other nodes are not corrected by the API")
        engine = self.service.database.engine
        with self._lock:
            with engine.connect() as connection:
                readable = is_readable(connection, runs, changes, skips, edits)
            if not readable:
                # It sets its session up, which must not go back into the host's pool.
                apart = Engine(engine.pool.recreate(), engine.dialect, engine.url)
                try:
                    install_journal(apart)
                finally:
                    apart.dispose()
            self._is_ready = True

    def _hold(self, connection: JournalConnection, caller: Caller, known: str, match: Match) -> Row:
        """Lock the recording, and compare it with what the caller has seen; errors: ApiError."""
        driver, service = driver_of(connection), self.service
        statement = service.clinic.statements.get(queries.lock, caller.scope)
        row = statement.first(driver, actor_values(caller.actor) | {"id": known})
        if row is None:
            raise not_found(Entity.RECORDING)

        def current() -> str | None:
            served = served_recording(driver, service, caller, known)
            return etag_of(served) if served is not None else None

        match.check(current)
        return row

    def _write(self, connection: JournalConnection, caller: Caller, row: Row, pet: str) -> int:
        """Write the pet to the locked row; returns the run. Errors: ApiError."""
        clinic = self.service.clinic
        wanted = Association(pet, row.appointment_id, row.visit_id)
        refusal = self._refusal(driver_of(connection), caller, wanted)
        if refusal is not None:
            raise refusal
        c = clinic.schema.tables.recordings.c
        touch = [c.updated_at.name] if "updated_at" in c and is_moment(c.updated_at) else []
        edit = Edit(
            tuple(row.row_key),
            REASON,
            {"pet_id": row.pet_id},
            {"pet_id": pet},
            author=caller.actor.user_id,
        )
        target = make_target(clinic.schema, touch)
        try:
            return write_at_once(connection, clinic.schema, Action.CORRECTION, target, edit)
        except NotWrittenError as error:
            if error.cause is SkipCause.OVERTAKEN:
                raise conflict("try_again", "The recording is being changed; try again") from error
            raise conflict("not_kept", "The database did not keep this pet") from error

    def _refusal(
        self, connection: Connection, caller: Caller, wanted: Association
    ) -> ApiError | None:
        """Return why the recording may not have this pet, as the caller may see it."""
        clinic, placed = self.service.clinic, wanted.appointment_id is not None
        statement = clinic.statements.get(queries.fits, caller.scope, placed)
        row = statement.first(connection, actor_values(caller.actor) | vars(wanted))
        if row is not None:
            return visit_differs(clinic, wanted) if row.contradicts else None
        if not placed:
            return not_found(Entity.PET)
        return explain(
            connection, clinic, caller, Association(wanted.pet_id, wanted.appointment_id)
        )

    def _log(self, caller: Caller, known: str, before: str | None, pet: str, run: int) -> None:
        ids = self.service.clinic.ids
        told: dict[str, Any] = {
            "recording_id": ids.write(Entity.RECORDING, known),
            "previous_pet_id": ids.maybe(Entity.PET, before),
            "pet_id": ids.write(Entity.PET, pet),
            "user_id": ids.write(Entity.USER, caller.actor.user_id),
            "run": run,
        }
        logger.info("Recording corrected", extra=told)
