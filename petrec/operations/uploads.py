"""The sweep of uploads: what did not go the usual way is found, and settled."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice

from petrec.errors import DatabaseError, StorageUnavailableError, UnsupportedServerError
from petrec.features.outbox.table import BRANCH
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.foresight import Foresight, foresee
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.journal.lock import reading
from petrec.features.runs.journal.presence import is_installed
from petrec.features.runs.journal.store import unfinished_run
from petrec.features.runs.lineage import read_skips
from petrec.features.runs.run import Action, Observer, Target
from petrec.features.uploads.announce import (
    Listeners,
    announce,
    announce_resumed,
    written_by,
)
from petrec.features.uploads.cancelled import delete_cancelled, without_shared
from petrec.features.uploads.candidates import UploadRow
from petrec.features.uploads.judge import LEFT, JudgedUpload, UploadFinding
from petrec.features.uploads.result import FoundUpload, SweepPlan, SweepResult
from petrec.features.uploads.sweep import (
    StoreRules,
    SweepScope,
    find_uploads,
    read_window,
    resume_sweep,
    settle,
    sweep_target,
)
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.accepted import refusals_of
from petrec.postgres.writable import check_writable
from petrec.schema import Schema, UploadState
from petrec.storage import open_bucket
from petrec.storage.objects import check_bucket, delete_object, head_object

# Uploads are listed up to this number.
MOST_LISTED = 1_000
# So many files that are all gone are rather those of another bucket.
_SEVERAL = 3
_ALLOW = "let the column hold it, such as by ALTER TYPE ... ADD VALUE, or map another column"


@dataclass(frozen=True)
class _Compared:
    """Everything that was found, what would hinder a run, and how many uploads were looked at.

    `uploaded` is how many of these were uploaded with a key; `refused` are the statuses that the
    column cannot hold.
    """

    judged: tuple[JudgedUpload, ...]
    checked: int
    uploaded: int
    foresight: Foresight
    refused: tuple[str, ...]

    def counts(self) -> dict[UploadFinding, int]:
        counted = Counter(one.finding for one in self.judged)
        return {kind: counted[kind] for kind in UploadFinding if counted[kind]}

    def doubt(self) -> tuple[str, ...]:
        """Return why the store may be another one than the uploads went to; empty if it is not."""
        gone = self.counts().get(UploadFinding.FILE_MISSING, 0)
        if gone < max(_SEVERAL, self.uploaded):
            return ()
        return (f"the bucket has no file of all {gone} uploaded recordings: is it theirs?",)

    def plan(self) -> SweepPlan:
        return SweepPlan(
            checked=self.checked,
            counts=self.counts(),
            uploads=tuple(map(_shown, islice(self.judged, MOST_LISTED))),
            obstacles=self.foresight.obstacles + self.refused + self.doubt(),
            warnings=self.foresight.warnings,
        )


def plan_sweep(
    session: Session, scope: SweepScope | None = None, *, step: Step = ignore
) -> SweepPlan:
    """Compare uploads with the store; writes nothing. Errors: StorageUnavailableError."""
    return _find(session, scope or SweepScope(), step).plan()


def sweep_uploads(
    session: Session,
    scope: SweepScope | None = None,
    *,
    throttling: Throttling | None = None,
    confirm: Confirm[SweepPlan] | None = None,
    step: Step = ignore,
    progress: Observer = ignore,
) -> SweepResult:
    """Settle uploads as one run that can be undone, then announce those that have their file.

    An unfinished sweep is finished first. `confirm` is called with the plan before anything is
    written. Errors: StorageUnavailableError, RunStoppedError, RunHeldError.
    """
    given, serve = throttling or Throttling(), session.settings.serve
    with session.snapshot() as (connection, schema):
        target = _target(schema)
        check_writable(connection, schema, target.columns, locks=False)
        pending = is_installed(connection) and unfinished_run(connection, target.name, Action.SWEEP)
    found = _find(session, scope or SweepScope(), step)
    for reason in found.doubt():
        raise StorageUnavailableError(
            reason, hint="check the bucket and endpoint under [serve.store]"
        )
    if found.refused:
        raise DatabaseError("; ".join(found.refused), hint=_ALLOW)
    require(confirm, found.plan())
    listeners = Listeners(target.name, serve.channel, tuple(serve.webhooks))
    edits = [edit for one in found.judged if (edit := one.edit()) is not None]
    with session.translated():
        if listeners.webhooks:
            install_journal(session.engine, BRANCH)
        resumed = resume_sweep(session.engine, schema, target, given, progress) if pending else None
        announced = (
            announce_resumed(session.engine, schema, resumed.id, listeners) if resumed else 0
        )
        settled = written_by(session.engine, resumed.id if resumed else None)
        edits = [edit for edit in edits if edit.key not in settled]
        run = settle(session.engine, schema, edits, given, progress)
        announced += announce(session.engine, found.judged, run.id if run else None, listeners)
        bucket = open_bucket(serve.store)
        remove = partial(delete_object, bucket.place, bucket.credentials)
        deleted, kept = delete_cancelled(session.engine, schema, found.judged, remove)
        with reading(session.engine) as connection:
            skipped = read_skips(connection, run.id) if run else ()
    counts = found.counts()
    left = sum(counts.get(kind, 0) for kind in LEFT) + kept
    return SweepResult(run, counts, announced, left, skipped, deleted)


def _target(schema: Schema) -> Target:
    """Return what a sweep writes; errors: UnsupportedServerError."""
    if not schema.layout.is_here:
        raise UnsupportedServerError("petrec does not settle uploads of other nodes")
    return sweep_target(schema)


def _find(session: Session, scope: SweepScope, step: Step) -> _Compared:
    store = session.settings.serve.store
    bucket = open_bucket(store)
    rules = StoreRules(
        partial(head_object, bucket.place, bucket.credentials), store.expires_s, store.max_bytes
    )
    with session.snapshot() as (connection, schema):
        window = read_window(connection, scope, rules.expires_s)
        foresight = foresee(connection, schema, _target(schema), locks=False)
    check_bucket(bucket.place, bucket.credentials)
    checked = uploaded = 0

    def count(page: list[UploadRow]) -> None:
        nonlocal checked, uploaded
        checked += len(page)
        uploaded += sum(row.status == UploadState.UPLOADED and bool(row.s3_key) for row in page)
        step(f"compared {checked} uploads with the store")

    found = tuple(find_uploads(session.snapshot, window, rules, count))
    judged = without_shared(session.snapshot, found)
    return _Compared(judged, checked, uploaded, foresight, _refused(session, judged))


def _refused(session: Session, judged: tuple[JudgedUpload, ...]) -> tuple[str, ...]:
    """Return why the column cannot hold what the uploads would get as their status."""
    edits = [edit for one in judged if (edit := one.edit()) is not None]
    wanted = sorted({str(edit.wanted["status"]) for edit in edits})
    with session.snapshot() as (connection, schema):
        table = schema.tables.recordings
        found = [refusals_of(connection, table, "status", each) for each in wanted]
        return tuple(reason for each in found for reason in each)


def _shown(judged: JudgedUpload) -> FoundUpload:
    row = judged.candidate
    since = f"{row.since:%Y-%m-%d %H:%M:%S}" if row.since else ""
    return FoundUpload(row.key[0], judged.finding, since, row.s3_key)
