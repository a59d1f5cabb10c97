"""A sweep: uploads are found page by page, asked for in the store, and settled as one run."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine, func, select

from petrec.errors import UsageError
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.edits import Edit, EditWork, record_edits
from petrec.features.runs.journal.store import unfinished_run
from petrec.features.runs.resume import take_up
from petrec.features.runs.run import Action, Observer, Run, Target
from petrec.features.runs.targets import make_target
from petrec.features.uploads.candidates import UploadRow, check_columns, read_candidates
from petrec.features.uploads.judge import Head, JudgedUpload, judge_uploads
from petrec.rules.window import created_since, window_start
from petrec.schema import Schema, base_type, is_moment

Snapshot = Callable[[], AbstractContextManager[tuple[Connection, Schema]]]
Checked = Callable[[list[UploadRow]], None]

_AT_ONCE = 1_000
# Types that hold an object of any length.
_JSON = frozenset({"json", "jsonb", "text", "character varying"})
_NOW = select(func.transaction_timestamp())


@dataclass(frozen=True)
class SweepScope:
    """Which uploads are looked at: recordings created since then, unwritten for a while.

    Both are durations (7d, 24h) or moments.
    """

    since: str = "30d"
    older_than: str = "24h"


@dataclass(frozen=True)
class StoreRules:
    """How to ask the store for an object, how long a form is valid, and the largest file."""

    head: Head
    expires_s: int
    max_bytes: int


@dataclass(frozen=True)
class SweepWindow:
    """The moments of a scope, by the server's clock."""

    start: datetime
    before: datetime


def read_window(connection: Connection, scope: SweepScope, expires_s: int) -> SweepWindow:
    """Return the moments of a scope; errors: UsageError where forms may still be valid."""
    now: datetime = connection.execute(_NOW).scalar_one()
    window = SweepWindow(window_start(scope.since, now), window_start(scope.older_than, now))
    if (now - window.before).total_seconds() < expires_s:
        raise UsageError(
            f"an upload form is valid for {expires_s} s: younger uploads cannot be judged",
            hint="look at older uploads only, such as those older than 24h",
        )
    return window


def find_uploads(
    snapshot: Snapshot, window: SweepWindow, store: StoreRules, checked: Checked
) -> Iterator[JudgedUpload]:
    """Yield what needs something; the store is asked while no transaction is open."""
    after: tuple[str, ...] = ()
    while True:
        page = _page(snapshot, window, after)
        yield from judge_uploads(page, store.head, store.max_bytes)
        checked(page)
        if len(page) < _AT_ONCE:
            return
        after = page[-1].key


def _page(snapshot: Snapshot, window: SweepWindow, after: tuple[str, ...]) -> list[UploadRow]:
    with snapshot() as (connection, schema):
        check_columns(schema)
        within = created_since(schema, window.start)
        return read_candidates(connection, schema, within, window.before, after, _AT_ONCE)


def sweep_target(schema: Schema) -> Target:
    """Return what a sweep writes: the columns of an upload, and when the row was written."""
    c = schema.tables.recordings.c
    fits = {
        "status": True,
        "file_size_bytes": True,
        "uploaded_at": "uploaded_at" in c and is_moment(c.uploaded_at),
        "recording_metadata": (
            "recording_metadata" in c and base_type(c.recording_metadata) in _JSON
        ),
    }
    also = tuple(name for name, is_fit in fits.items() if is_fit and name in c)
    touch = ("updated_at",) if "updated_at" in c and is_moment(c.updated_at) else ()
    return msgspec.structs.replace(make_target(schema), pet="", also=also, touch=touch)


def resume_sweep(
    engine: Engine, schema: Schema, target: Target, throttling: Throttling, observe: Observer
) -> Run | None:
    """Finish an unfinished sweep, if there is one; errors: see `Driver`."""

    def plan(connection: Connection) -> Run | None:
        run = unfinished_run(connection, target.name, Action.SWEEP)
        return None if run is None else take_up(connection, run, target)

    return Driver(engine, EditWork(schema), throttling, observe).run(plan)


def settle(
    engine: Engine,
    schema: Schema,
    edits: list[Edit],
    throttling: Throttling,
    observe: Observer,
) -> Run | None:
    """Write the edits as a run; None if there are none. Errors: see `Driver`."""
    if not edits:
        return None

    def plan(connection: Connection) -> Run:
        return record_edits(connection, Action.SWEEP, sweep_target(schema), edits)

    return Driver(engine, EditWork(schema), throttling, observe).run(plan)
