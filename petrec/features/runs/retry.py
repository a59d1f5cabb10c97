"""Patience with what passes: full-jitter waits under one overall deadline."""

import random
import time
from dataclasses import dataclass, field

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from petrec.postgres.errors import lost

_CAP_S = 5.0
_BASE_S = 0.05
TRANSIENT = (
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.QueryCanceled,
)


@dataclass
class Patience:
    """Waits that grow, from the first of a series of failures on; `deadline_s` in seconds."""

    deadline_s: float
    attempts: int = 0
    since: float = field(default_factory=time.monotonic)

    def renew(self) -> None:
        """Forget the failures: work has gone on."""
        self.attempts = 0

    def wait(self) -> bool:
        """Sleep a random time up to the current bound; False once the deadline has passed."""
        if self.attempts == 0:
            self.since = time.monotonic()
        self.attempts += 1
        bound = min(_CAP_S, _BASE_S * 2 ** min(self.attempts, 10))
        left = self.deadline_s - (time.monotonic() - self.since)
        if left <= 0:
            return False
        time.sleep(min(left, random.uniform(0, bound)))  # noqa: S311 - jitter, not a secret
        return True


def driver_error(error: DBAPIError | psycopg.Error) -> psycopg.Error | None:
    """Return psycopg's own error."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    return inner if isinstance(inner, psycopg.Error) else None


def is_transient(error: DBAPIError) -> bool:
    """Return whether the same batch may succeed later on the same connection."""
    return isinstance(driver_error(error), TRANSIENT)


def is_lost(error: DBAPIError | psycopg.Error) -> bool:
    """Say whether a new connection is needed."""
    inner = driver_error(error)
    return inner is not None and lost(inner)
