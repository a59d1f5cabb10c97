"""What every endpoint uses: the host's parts, and the schema, which is read when first needed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from petrec.api.access import AccessPolicy, Scope
from petrec.api.bounded_store import BoundedStore
from petrec.api.database import Database
from petrec.api.deadline import taken
from petrec.api.entities import Entity, text_columns
from petrec.api.http.errors import denied, internal
from petrec.api.http.ids import Ids
from petrec.api.options import IdStyle, Options, Uploaded
from petrec.api.pooled import bound_waits
from petrec.api.ports import Actor, ObjectStore
from petrec.api.requirements import AuthorKey, author_key, check_values
from petrec.api.statements import Statements
from petrec.api.stored_ids import DatabaseIds
from petrec.errors import SchemaMismatchError
from petrec.schema import Schema
from petrec.settings import Mapping

logger = logging.getLogger("petrec.api")

_NEEDED = ("created_at", "status", "s3_key", "recorded_by_user_id", "recording_type")


@dataclass(frozen=True)
class Caller:
    """The caller with ids as in the database, and what they may reach."""

    actor: Actor
    scope: Scope


@dataclass(frozen=True)
class Clinic:
    """The database as found: its tables, how its ids look, the statements for it."""

    schema: Schema
    ids: Ids
    statements: Statements
    authors: AuthorKey = AuthorKey.NONE
    takes_uploads: bool = True


class Service:
    """The host's parts; the database is read at the first request, until that succeeds."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore,
        policy: AccessPolicy,
        options: Options,
        mapping: Mapping,
        on_uploaded: Callable[[Uploaded], None] | None,
    ) -> None:
        # First, because it refuses engines that do not fit.
        self.database = Database(engine, options.search_path, int(options.statement_s * 1000))
        bound_waits(engine, min(options.statement_s, options.request_s))
        self.store = BoundedStore(store)
        self.policy = policy
        self.options = options
        self.mapping = mapping
        self.on_uploaded = on_uploaded
        self._clinic: Clinic | None = None
        self._lock = threading.Lock()

    @property
    def clinic(self) -> Clinic:
        """Return the database as found; errors: ApiError, SchemaMismatchError."""
        if self._clinic is None:
            with taken(self._lock, self.options.statement_s):
                if self._clinic is None:
                    self._clinic = self._read()
        return self._clinic

    def caller(self, actor: Actor) -> Caller:
        """Return the caller; errors: ApiError if the ids do not fit this database."""
        ids, given = self.clinic.ids, (actor.user_id, actor.owner_id, actor.practice_id)
        user = _bare(ids, Entity.USER, actor.user_id)
        owner = _maybe_bare(ids, Entity.OWNER, actor.owner_id)
        practice = _maybe_bare(ids, Entity.PRACTICE, actor.practice_id)
        if (user, owner, practice) != given:
            actor = replace(actor, user_id=user, owner_id=owner, practice_id=practice)
        return Caller(actor, self.policy.scope(self.clinic.schema, actor))

    def check_uploads(self) -> None:
        """Check again, before each upload, that the columns accept it; errors: ApiError."""
        clinic = self.clinic
        if not clinic.takes_uploads and not self._takes_uploads(clinic.schema):
            raise internal()

    def _read(self) -> Clinic:
        schema = self.database.schema(self.mapping)
        lacking = [name for name in _NEEDED if name not in schema.recordings.c]
        if lacking:
            raise SchemaMismatchError(
                f"the API needs columns of recordings: {', '.join(lacking)}",
                hint="map them in petrec.toml under [mapping.columns.recordings]",
            )
        clinic = read_clinic(self.database, schema, self.options.id_style)
        authors = author_key(self.database, schema, self.mapping)
        if authors is AuthorKey.REQUIRED:
            logger.warning(
                "Only users can record: recordings.recorded_by_user_id is NOT NULL and "
                "references users"
            )
        return replace(clinic, authors=authors, takes_uploads=self._takes_uploads(schema))

    def _takes_uploads(self, schema: Schema) -> bool:
        """Return whether the columns accept what an upload writes; log it if they do not."""
        try:
            check_values(self.database, schema, self.options)
        except SchemaMismatchError as error:
            logger.error("No recording can be uploaded: %s", error.reason)  # noqa: TRY400 it is known
            return False
        return True


def read_clinic(database: Database, schema: Schema, style: IdStyle) -> Clinic:
    """Return the clinic with what the database says of its ids; errors: the database's."""
    columns = text_columns(schema)
    stored = DatabaseIds(database, columns) if columns else None
    return Clinic(schema, Ids(schema, style, stored), Statements(schema))


def _maybe_bare(ids: Ids, entity: Entity, given: str | None) -> str | None:
    return None if given is None else _bare(ids, entity, given)


def _bare(ids: Ids, entity: Entity, given: str) -> str:
    bare = ids.claim(entity, given)
    if bare is None:
        raise denied("This account does not belong to the clinic")
    return bare
