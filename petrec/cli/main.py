"""Run a command and turn its outcome into an exit code and at most one message."""

import gc
import os
import re
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from petrec.cli.streams import discard_output, finish_output, prepare_streams
from petrec.cli.words import worded
from petrec.errors import (
    DeclinedError,
    ExitCode,
    OutputError,
    PetrecError,
    ReaderGoneError,
    follows_interrupt,
)
from petrec.lake.choice import LEFT_BEHIND
from petrec.version import __version__

# Imports create objects that stay: to look for garbage among them costs a tenth of a start.
_OBJECTS_BEFORE_COLLECTION = 200_000
_VERBOSE = re.compile(r"-v+|--verbose")


def main() -> None:
    """Run petrec as a process; always ends by SystemExit."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    prepare_streams()
    signal.signal(signal.SIGTERM, _interrupt)
    code = _outcome()
    if any(thread.name == LEFT_BEHIND for thread in threading.enumerate()):
        # Python's own end would wait for what the thread uses.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _outcome() -> int:
    """Return the exit code; an unexpected error never looks like findings."""
    try:
        return _run()
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as error:  # noqa: BLE001 - the last resort of the process
        return _failed(error)


def _failed(error: Exception) -> int:
    if isinstance(error, (OutputError, ReaderGoneError)):
        discard_output()
    foreseen = error if isinstance(error, PetrecError) else None
    code = foreseen.exit_code if foreseen else ExitCode.UNDETERMINED
    if code != ExitCode.INTERRUPTED and follows_interrupt(error):
        return _interrupted()
    if foreseen:
        _say(foreseen)
    else:
        _say_unforeseen(error)
    return code


def _interrupted() -> ExitCode:
    sys.stderr.write("petrec: interrupted\n")
    return ExitCode.INTERRUPTED


def _run() -> int:
    try:
        _command()
    except SystemExit as end:
        finish_output()
        if end.code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt from None
        return int(end.code or 0)
    return ExitCode.CLEAN


def _command() -> None:
    if sys.argv[1:] == ["--version"]:
        # Importing Typer would take as long as all else.
        sys.stdout.write(f"petrec {__version__}\n")
        raise SystemExit
    from petrec.cli.app import app

    app(prog_name="petrec")


def _say(error: PetrecError) -> None:
    if isinstance(error, ReaderGoneError):
        return
    name = "" if isinstance(error, DeclinedError) else "petrec: "
    sys.stderr.write(f"{name}{worded(error.reason)}\n")
    if error.hint:
        sys.stderr.write(f"  next: {worded(error.hint)}\n")


def _say_unforeseen(error: Exception) -> None:
    import traceback

    sys.stderr.write(f"petrec: {describe_unforeseen(error)}\n")
    if _is_very_verbose():
        sys.stderr.writelines(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    else:
        sys.stderr.write("  next: the same command with -vv shows the traceback\n")


def describe_unforeseen(error: Exception) -> str:
    """Return the place of an error, not its text, which may hold a password or a row's content."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected error: {type(error).__name__}{place}; please report it"


def _is_very_verbose() -> bool:
    given = [word for word in sys.argv[1:] if _VERBOSE.fullmatch(word)]
    return sum(1 if word == "--verbose" else len(word) - 1 for word in given) > 1


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
