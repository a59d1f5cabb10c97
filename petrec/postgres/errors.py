"""Translate the driver's errors to petrec's: cause, next step, exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from petrec.errors import (
    ConnectionFailedError,
    DatabaseError,
    PermissionMissingError,
    PetrecError,
    ReadCancelledError,
    SchemaMismatchError,
    TimedOutError,
)
from petrec.postgres.dsn import Dsn
from petrec.postgres.pooler import session_needed
from petrec.postgres.raised import is_raised, raising_function
from petrec.postgres.unreachable import why_unreachable

# Shut down, crashed, starting up, no slot free, idle for too long (in a transaction or not).
_CLOSED = frozenset({"57P01", "57P02", "57P03", "53300", "25P03", "57P05"})
# Servers have it from version 17 on.
_TRANSACTION_TIMEOUT = "25P04"
# Not supported, dependent objects, syntax or access rules, not in the state that it needs.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_ABOUT_OBJECTS = frozenset({"0A", "2B", "42", "55"})
# PgBouncer's message; its SQLSTATE is that of any protocol violation.
_STATEMENT_POOLING = "not allowed in statement pooling mode"


@contextmanager
def translated(dsn: Dsn) -> Iterator[None]:
    """Raise every database error of the block as a PetrecError that holds no secret."""
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise _translate(error.orig, dsn) from None
    except psycopg.Error as error:
        raise _translate(error, dsn) from None


def _translate(error: psycopg.Error, dsn: Dsn) -> PetrecError:
    reason = _first_line(error)
    match error:
        case pg.InvalidPassword() | pg.InvalidAuthorizationSpecification():
            return _unreachable(error, dsn)
        case pg.LockNotAvailable():
            hint = "another session holds a conflicting lock; try again, or see pg_blocking_pids()"
            return TimedOutError(f"could not acquire a lock in time: {reason}", hint=hint)
        case pg.QueryCanceled():
            return TimedOutError(reason, hint="raise [timeouts] read_statement_ms in petrec.toml")
        case pg.SerializationFailure() | pg.DeadlockDetected():
            hint = "set hot_standby_feedback on the standby, or read from the primary"
            return ReadCancelledError(reason, hint=hint)
        case pg.InsufficientPrivilege():
            return PermissionMissingError(reason, hint="see the grants: petrec explain permissions")
        case pg.UndefinedTable() | pg.UndefinedColumn() | pg.InvalidSchemaName():
            return SchemaMismatchError(reason, hint="map the name in petrec.toml")
        case psycopg.OperationalError() if error.sqlstate is None or lost(error):
            return _cut_off(error, dsn)
    return _refused(error, reason)


def _refused(error: psycopg.Error, reason: str) -> PetrecError:
    if error.sqlstate == _TRANSACTION_TIMEOUT:
        hint = "the server or a pooler limits the time of a transaction: raise transaction_timeout"
        return TimedOutError(reason, hint=hint)
    full = isinstance(error, pg.DiskFull)
    hint = "free some disk space on the server, then start the same command again" if full else ""
    text = f"{reason} (SQLSTATE {error.sqlstate}){_detail_of_objects(error)}"
    return DatabaseError(text, hint=hint or server_hint(error))


def _detail_of_objects(error: psycopg.Error) -> str:
    """Return the server's DETAIL if it names objects, never a row's values."""
    # An error that a function of the application raises may contain anything; it has a context.
    if (error.sqlstate or "")[:2] not in _ABOUT_OBJECTS or error.diag.context:
        return ""
    detail = error.diag.message_detail
    return f": {' '.join(detail.split())}" if detail else ""


def server_hint(error: psycopg.Error) -> str:
    """Return the server's HINT, but not of a function, which may hold a row's values."""
    if is_raised(error) or error.diag.context:
        return ""
    return " ".join((error.diag.message_hint or "").split())


def lost(error: psycopg.Error) -> bool:
    """Return whether the connection is gone: never made, closed by the server, or shut down."""
    if is_raised(error):
        return False
    state = error.sqlstate
    if state in _CLOSED:
        return True
    broken = state is None or state.startswith("08")
    return broken and isinstance(error, psycopg.OperationalError)


def _cut_off(error: psycopg.Error, dsn: Dsn) -> PetrecError:
    shared = _STATEMENT_POOLING in str(error)
    return session_needed("statement") if shared else _unreachable(error, dsn)


def _unreachable(error: psycopg.Error, dsn: Dsn) -> ConnectionFailedError:
    where = f"the connection comes from {dsn.source}"
    hint = f"{where}; check host, port, role and password"
    return ConnectionFailedError(why_unreachable(error), hint=hint)


def _first_line(error: psycopg.Error) -> str:
    if is_raised(error):
        # Its message may hold the content of a row.
        return f"{raising_function(error)} raised an error"
    text = error.diag.message_primary or str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
