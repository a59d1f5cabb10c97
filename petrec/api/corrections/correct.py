"""Set the pet of a recording: by the rules of an upload, and journaled as a run of its own."""

import logging
from typing import Any

from petrec.api.corrections import queries
from petrec.api.corrections.changing import Changing
from petrec.api.entities import Entity
from petrec.api.http.errors import conflict, not_found
from petrec.api.http.preconditions import Match
from petrec.api.pooled import Connection, JournalConnection, driver_of
from petrec.api.recordings.detail import read_recording
from petrec.api.recordings.wire import RecordingOut, RecordingPatch
from petrec.api.service import Caller
from petrec.api.statements import Row, actor_values
from petrec.api.uploads.membership import explain, visit_differs
from petrec.api.uploads.new_recording import Association
from petrec.features.runs.at_once import NotWrittenError, write_at_once
from petrec.features.runs.edits import Edit
from petrec.features.runs.journal.tables import changes, edits, runs, skips
from petrec.features.runs.run import Action, SkipCause
from petrec.features.runs.targets import make_target
from petrec.schema import is_moment

logger = logging.getLogger("petrec.api")

REASON = "corrected"


class Corrections(Changing):
    """Corrects recordings."""

    needed = (runs, changes, skips, edits)

    def correct(
        self, caller: Caller, recording: str, body: RecordingPatch, match: Match
    ) -> RecordingOut:
        """Set the pet; errors: ApiError, and the database's."""
        service, ids = self.service, self.service.clinic.ids
        known = ids.parse(Entity.RECORDING, recording, "recording_id")
        pet = ids.parse(Entity.PET, body.pet_id, "pet_id")
        self.look(caller, known)
        self.prepare()
        with service.database.journaling() as connection:
            row = self.hold(connection, caller, known, match)
            run = self._write(connection, caller, row, pet) if row.pet_id != pet else None
        if run is not None:
            self._log(caller, known, row.pet_id, pet, run)
        return read_recording(service, caller, recording)

    def _write(
        self, connection: JournalConnection, caller: Caller, row: Row, pet: str
    ) -> int | None:
        """Write the pet to the locked row; returns the run, if it has another. Errors: ApiError."""
        clinic = self.service.clinic
        wanted = Association(pet, row.appointment_id, row.visit_id)
        found = self._fitting(driver_of(connection), caller, wanted, row.pet_id)
        if found.has_it:
            return None
        if found.contradicts:
            raise visit_differs(clinic, wanted)
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

    def _fitting(
        self, connection: Connection, caller: Caller, wanted: Association, current: str | None
    ) -> Row:
        """Return how the recording would be with the pet; errors: ApiError if it cannot have it."""
        clinic, placed = self.service.clinic, wanted.appointment_id is not None
        statement = clinic.statements.get(queries.fits, caller.scope, placed)
        values = actor_values(caller.actor) | vars(wanted) | {"current_pet": current}
        row = statement.first(connection, values)
        if row is not None:
            return row
        if not placed:
            raise not_found(Entity.PET)
        raise explain(connection, clinic, caller, Association(wanted.pet_id, wanted.appointment_id))

    def _log(self, caller: Caller, known: str, before: str | None, pet: str, run: int) -> None:
        ids = self.service.clinic.ids
        fields: dict[str, Any] = {
            "recording_id": ids.write(Entity.RECORDING, known),
            "previous_pet_id": ids.maybe(Entity.PET, before),
            "pet_id": ids.write(Entity.PET, pet),
            "user_id": ids.write(Entity.USER, caller.actor.user_id),
            "run": run,
        }
        logger.info("Recording corrected", extra=fields)
