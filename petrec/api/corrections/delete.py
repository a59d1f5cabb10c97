"""Delete a recording permanently: its row, what petrec keeps of it, then its file."""

import logging

import psycopg
from psycopg.errors import ForeignKeyViolation, RestrictViolation
from sqlalchemy import cast, literal
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from petrec.api.corrections.changing import Changing
from petrec.api.entities import Entity
from petrec.api.http.errors import conflict
from petrec.api.http.preconditions import Match
from petrec.api.ports import ErasingStore
from petrec.api.service import Caller
from petrec.errors import StorageUnavailableError
from petrec.features.retention.erase import Erasure
from petrec.features.retention.files import delete_files
from petrec.features.retention.table import BRANCH, erasures
from petrec.features.runs.journal.tables import changes, decisions, edits, plan_items, runs, skips

logger = logging.getLogger("petrec.api")

# The store or the database cannot delete it now, or the request is out of time.
_LEFT = (StorageUnavailableError, SQLAlchemyError, psycopg.Error, TimeoutError)


class Deletions(Changing):
    """Deletes recordings; a file that the store does not delete now is left to the retention."""

    needed = (runs, plan_items, changes, skips, decisions, edits, erasures)
    branches = ("journal", BRANCH)
    deletes = True

    def delete(self, store: ErasingStore, caller: Caller, recording: str, match: Match) -> None:
        """Delete the recording; errors: ApiError, and the database's."""
        service, clinic = self.service, self.service.clinic
        known = clinic.ids.parse(Entity.RECORDING, recording, "recording_id")
        self.look(caller, known)
        self.prepare()
        c = clinic.schema.tables.recordings.c
        erasure = Erasure(clinic.schema, c.id == cast(literal(known), c.id.type), store.bucket)
        try:
            with service.database.journaling() as connection:
                row = self.hold(connection, caller, known, match)
                done = erasure.erase_within(connection, [row.row_key])
                if not done.recordings:
                    raise conflict("not_deleted", "The database did not delete the recording")
        except IntegrityError as error:
            if isinstance(error.orig, (ForeignKeyViolation, RestrictViolation)):
                raise conflict("recording_in_use", "Other rows reference the recording") from error
            raise conflict("not_deleted", "The database refuses to delete this") from error
        fields = {
            "recording_id": clinic.ids.write(Entity.RECORDING, known),
            "user_id": clinic.ids.write(Entity.USER, caller.actor.user_id),
        }
        logger.info("Recording deleted", extra=fields)
        if row.s3_key:
            self._delete_file(store, row.s3_key)

    def _delete_file(self, store: ErasingStore, key: str) -> None:
        service = self.service
        begin, schema = service.database.journaling, service.clinic.schema
        try:
            delete_files(begin, schema, store.bucket, store.delete, only=key)
        except _LEFT as error:
            # The row is gone: the answer is that of the deletion.
            fields = {"reason": type(error).__name__}
            logger.warning("A file is left to petrec retention", extra=fields)
