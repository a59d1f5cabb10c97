"""Every way petrec can fail: the class docstring is the default reason, each has an exit code."""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of a petrec process."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    UNDETERMINED = 3
    NOTHING_CHECKED = 5
    INTERRUPTED = 130
    READER_GONE = 141


class PetrecError(Exception):
    """Petrec cannot continue."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNDETERMINED

    def __init__(self, reason: str = "", *, hint: str = "") -> None:
        """Keep the `reason` and, if there is one, the next step as `hint`."""
        self.reason = reason or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.reason)
        if hint:
            # A traceback shows it below the reason.
            self.add_note(hint)


class SettingsError(PetrecError):
    """The configuration is invalid."""

    exit_code = ExitCode.USAGE


class UsageError(PetrecError):
    """The options or arguments are wrong."""

    exit_code = ExitCode.USAGE


class SchemaMismatchError(PetrecError):
    """The database does not have the tables or columns that the mapping names."""

    exit_code = ExitCode.USAGE


class UnsupportedServerError(PetrecError):
    """The server is a database that petrec does not support."""

    exit_code = ExitCode.USAGE


class ConnectionFailedError(PetrecError):
    """The database could not be reached."""


class PermissionMissingError(PetrecError):
    """The role lacks a privilege that the command needs."""


class TimedOutError(PetrecError):
    """The database did not answer within the time allowed."""


class ReadCancelledError(PetrecError):
    """The server cancelled the query in favour of other work."""


class InconsistentReadError(PetrecError):
    """Two reads of one snapshot returned different results."""


class DatabaseError(PetrecError):
    """The database refused a statement."""


class FilesChangedError(PetrecError):
    """The files are not those that were exported."""


class EngineFailedError(PetrecError):
    """The engine that reads files refused a query."""


class OutputError(PetrecError):
    """The output could not be written."""


class ReaderGoneError(PetrecError):
    """The reader of the output has closed the pipe."""

    exit_code = ExitCode.READER_GONE


class DeclinedError(PetrecError):
    """Nothing was written."""

    exit_code = ExitCode.CLEAN


class RunHeldError(PetrecError):
    """Another petrec process is writing to these recordings."""


class RunNotFoundError(PetrecError):
    """The journal has no such run."""

    exit_code = ExitCode.USAGE


class IllegalTransitionError(PetrecError):
    """The state of the run does not allow this step."""

    exit_code = ExitCode.USAGE


class JournalVersionError(PetrecError):
    """The tables in schema petrec have a version that this petrec does not know."""


class RunStoppedError(PetrecError):
    """The run stopped before its end; it can be resumed."""


class StuckError(PetrecError):
    """A statement succeeded, but its change is not there."""


class NoRoomError(PetrecError):
    """The disk does not have enough free space."""


class LagUnknownError(PetrecError):
    """The replication lag could not be measured."""


class DemoUnavailableError(PetrecError):
    """The demo server could not be used."""


class StorageUnavailableError(PetrecError):
    """The object store could not be reached."""


def follows_interrupt(error: BaseException) -> bool:
    """Return whether an error came while an interrupt was handled, as after a second Ctrl-C.

    A driver that is interrupted while it cancels a query may leave a query that runs: then the
    connection refuses to roll back. A session of Spark may fail to stop.
    """
    cause = error.__context__
    return cause is not None and (isinstance(cause, KeyboardInterrupt) or follows_interrupt(cause))
