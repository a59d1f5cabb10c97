"""Retries after locks, deadlocks and timeouts, under one overall deadline."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from petrec.errors import PetrecError
from petrec.features.runs.errors import cause_of, is_transient
from petrec.features.runs.journal.lock import blamed
from petrec.postgres.ddl.blockers import Watch
from petrec.postgres.ddl.run import jittered
from petrec.postgres.pooler import backend_pid

log = logging.getLogger("petrec.features.runs")

_CAP_S = 5.0
_BASE_S = 0.05

T = TypeVar("T")


@dataclass
class Patience:
    """Full-jitter waits that grow with each failure in a row; `deadline_s` in seconds."""

    deadline_s: float
    attempts: int = 0
    since: float = field(default_factory=time.monotonic)

    def renew(self) -> None:
        """Forget the failures, because something succeeded."""
        self.attempts = 0

    def wait(self) -> bool:
        """Sleep a random time up to the current bound; False after the deadline."""
        if self.attempts == 0:
            self.since = time.monotonic()
        self.attempts += 1
        left = self.deadline_s - (time.monotonic() - self.since)
        if left <= 0:
            return False
        time.sleep(min(left, jittered(self.attempts, _BASE_S, _CAP_S)))
        return True


def _try_again(_: DBAPIError) -> None:
    """Do nothing instead of a failed attempt."""


@dataclass
class Retries:
    """The attempts of one run since the last success, and the sessions that blocked them."""

    engine: Engine
    patience: Patience
    blockers: dict[tuple[int, str], str] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Return how many attempts have failed in a row."""
        return self.patience.attempts

    @property
    def blamed(self) -> str:
        """Return the end of a sentence that names the blocking sessions."""
        return blamed(self.blockers.values())

    def renew(self) -> None:
        """Forget the failures, because something succeeded."""
        self.patience.renew()
        self.blockers.clear()

    def until_done(
        self,
        connection: Connection,
        attempt: Callable[[], T],
        gave_up: Callable[[DBAPIError], PetrecError],
        instead: Callable[[DBAPIError], T | None] = _try_again,
    ) -> T:
        """Return the result of the first successful attempt, or of `instead` after a failed one.

        Errors: what `gave_up` returns after the deadline; a DBAPIError that is not transient.
        """
        while True:
            try:
                with self._watched(connection):
                    done = attempt()
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                log.info("deferred: %s", cause_of(error))
                if not self.patience.wait():
                    raise gave_up(error) from error
                substitute = instead(error)
                if substitute is not None:
                    return substitute
            else:
                self.renew()
                return done

    @contextmanager
    def _watched(self, connection: Connection) -> Iterator[None]:
        """Watch for blocking sessions if the last attempt has failed."""
        if not self.attempts:
            yield
            return
        with Watch(self.engine, backend_pid(connection), log.warning, blockers=self.blockers):
            yield
