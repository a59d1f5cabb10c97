"""Erasure of recordings permanently, by age, pet, owner or id."""

from functools import partial

import msgspec
from sqlalchemy import Connection, Text, cast, func, null, select

from petrec.errors import DatabaseError, PermissionMissingError, UnsupportedServerError
from petrec.features.retention.erase import Erased, Erasure
from petrec.features.retention.files import count_files, delete_files
from petrec.features.retention.journal import count_journal, keeps_events
from petrec.features.retention.result import RetentionPlan, RetentionResult, ToErase
from petrec.features.retention.scope import RetentionScope, chosen
from petrec.features.retention.table import BRANCH
from petrec.features.runs.journal import lock
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.presence import is_readable, journal_hindrances
from petrec.features.runs.journal.tables import changes
from petrec.features.runs.targets import target_name
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.foreseen import deletion_obstacles
from petrec.postgres.writable import check_primary, deletion_grants
from petrec.schema import Schema
from petrec.storage import open_bucket
from petrec.storage.objects import check_bucket, delete_object

# Recordings are listed up to this number.
MOST_LISTED = 1_000


def plan_retention(session: Session, scope: RetentionScope) -> RetentionPlan:
    """Return what would be erased; writes nothing. Errors: UsageError, SchemaMismatchError."""
    with session.snapshot() as (connection, schema):
        return _plan(session, connection, schema, scope)


def erase_recordings(
    session: Session,
    scope: RetentionScope,
    *,
    confirm: Confirm[RetentionPlan] | None = None,
    step: Step = ignore,
) -> RetentionResult:
    """Erase recordings, what petrec keeps of them, and their files: nothing undoes it.

    Files that an interrupted erasure has left are deleted, too. `confirm` is called with the plan
    before anything is deleted. Errors: PermissionMissingError, RunHeldError,
    StorageUnavailableError.
    """
    with session.snapshot() as (connection, schema):
        plan = _plan(session, connection, schema, scope)
        _check(connection, schema)
        condition = chosen(connection, schema, scope)
    bucket = None
    if plan.files or plan.unfinished_files:
        bucket = open_bucket(session.settings.serve.store)
        check_bucket(bucket.place, bucket.credentials)
    require(confirm, plan)
    name = session.settings.serve.store.bucket
    with session.translated():
        install_journal(session.engine)
        install_journal(session.engine, BRANCH)
        done = _erase(session, Erasure(schema, condition, name), step)
        deleted = 0
        if bucket is not None:
            remove = partial(delete_object, bucket.place, bucket.credentials)
            deleted = delete_files(session.engine.begin, schema, name, remove)
        with lock.reading(session.engine) as connection:
            here, elsewhere = count_files(connection, schema, name)
            kept = keeps_events(connection, schema)
    return RetentionResult(
        done.recordings, done.journaled, deleted, here, tuple(done.left), elsewhere, kept
    )


def _erase(session: Session, erasure: Erasure, step: Step) -> Erased:
    done = Erased()
    target = target_name(erasure.schema)
    with session.engine.connect() as connection, lock.held(connection, target):
        after: tuple[str, ...] = ()
        while True:
            with connection.begin():
                keys = [tuple(row.row_key) for row in erasure.next_keys(connection, after)]
            if not keys:
                return done
            erasure.erase(connection, keys, done)
            after = keys[-1]
            step(f"erased {done.recordings} recordings")


def _plan(
    session: Session, connection: Connection, schema: Schema, scope: RetentionScope
) -> RetentionPlan:
    c = schema.tables.recordings.c
    condition = chosen(connection, schema, scope)
    file = cast(c.s3_key if "s3_key" in c else null(), Text)
    created = cast(c.created_at if "created_at" in c else null(), Text)
    count = select(func.count(), func.count(file)).where(condition)
    recordings, files = connection.execute(count.select_from(schema.tables.recordings)).one()
    rows = select(cast(c.id, Text), created, file).where(condition).order_by(c.id)
    listed = [ToErase(*row) for row in connection.execute(rows.limit(MOST_LISTED))]
    obstacles = [
        *(f"it needs {grant};" for grant in deletion_grants(connection, schema.tables.recordings)),
        *deletion_obstacles(connection, schema.tables.recordings),
        *journal_hindrances(connection),
    ]
    here, elsewhere = count_files(connection, schema, session.settings.serve.store.bucket)
    plan = RetentionPlan(
        *(recordings, files, 0, here, tuple(listed), tuple(obstacles)),
        files_elsewhere=elsewhere,
        keeps_events=keeps_events(connection, schema),
    )
    if not is_readable(connection, changes):
        return plan
    ids = select(cast(c.id, Text)).where(condition)
    return msgspec.structs.replace(plan, journaled=count_journal(connection, schema, ids))


def _check(connection: Connection, schema: Schema) -> None:
    """Check that rows may be deleted at all, before anyone is asked."""
    check_primary(connection)
    if not schema.layout.is_here:
        raise UnsupportedServerError("petrec does not erase recordings of other nodes")
    recordings = schema.tables.recordings
    if grants := deletion_grants(connection, recordings):
        hint = " ".join(f"{grant};" for grant in grants)
        raise PermissionMissingError("this role may not delete recordings", hint=hint)
    if found := deletion_obstacles(connection, recordings):
        raise DatabaseError(f"the server would refuse every deletion: {'; '.join(found)}")
