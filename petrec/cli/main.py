"""Run a command and turn its outcome into an exit code and at most one message."""

import signal
import sys
from types import FrameType

from petrec.cli.app import app
from petrec.errors import ExitCode, PetrecError


def main() -> None:
    """Run petrec as a process; always ends by SystemExit."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(prog_name="petrec")
    except PetrecError as error:
        _say(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == ExitCode.INTERRUPTED:
            sys.stderr.write("petrec: interrupted\n")
        raise


def _say(error: PetrecError) -> None:
    sys.stderr.write(f"petrec: {error.reason}\n")
    if error.hint:
        sys.stderr.write(f"  next: {error.hint}\n")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
