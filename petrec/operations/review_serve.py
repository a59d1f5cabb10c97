"""A review that is served: one page for several people, each decision a run of its own."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from socket import socket

import uvicorn

from petrec.features.review.audio import open_audio
from petrec.features.review.known import check_scope
from petrec.features.review.served.app import make_app
from petrec.features.review.served.desk import Desk
from petrec.features.review.served.guard import Guard
from petrec.features.review.served.presence import Attendance
from petrec.features.review.served.result import ReviewServed, served_result
from petrec.features.review.served.shown import ServedPage
from petrec.features.runs.journal.lock import SERVED
from petrec.features.runs.targets import mapped_target
from petrec.operations.callbacks import Step, ignore
from petrec.operations.review import CaseFilter, make_order
from petrec.operations.session import Session

# By this name other commands know that the lock is free again soon.
COMMAND = SERVED
# An answer that is being written is finished first.
_DRAIN_S = 15


@dataclass(frozen=True)
class ReadyReview:
    """A review that can be served, and how many open cases it has."""

    page: ServedPage
    cases: int

    def serve(self, listening: socket, guard: Guard) -> ReviewServed:
        """Serve until a signal ends it; returns what was decided."""
        config = uvicorn.Config(
            make_app(self.page, guard),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        # uvicorn raises the signal again once it has ended.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
        return served_result(self.page.desk)


def prepare_review(
    session: Session,
    cases: CaseFilter | None = None,
    touch: Sequence[str] = (),
    *,
    audio: bool = False,
    step: Step = ignore,
) -> ReadyReview:
    """Check that decisions can be written, and count the cases.

    `audio` lets the page play the recordings from the bucket of the settings. Errors: UsageError,
    SettingsError, PermissionMissingError, ConnectionFailedError for a standby.
    """
    order = make_order(session, cases or CaseFilter(), audio=audio)
    sound = partial(open_audio, session.settings) if audio else None
    desk = Desk(session, Attendance(), order.scope.clock, touch, sound)
    step("checking the database")
    desk.recover()
    with session.snapshot() as (connection, schema):
        check_scope(connection, schema, order.scope)
    step("searching for cases")
    page = ServedPage(desk, _place(session), order.kinds, order.scope, order.link)
    return ReadyReview(page, sum(page.count().values()))


def _place(session: Session) -> str:
    """Return a name of the database and its recordings that does not tell what they are."""
    place = f"{session.place()} {mapped_target(session.settings.mapping)}"
    return blake2b(place.encode(), digest_size=8).hexdigest()
