"""Run a command and turn its outcome into an exit code and at most one message."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click
import typer

from petrec.cli.app import app
from petrec.errors import ExitCode, PetrecError


def main() -> None:
    """Run petrec as a process."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="petrec", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PetrecError as error:
        _say(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("petrec: interrupted\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; keep the interpreter's last flush silent.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    return int(code or 0)


def _say(error: PetrecError) -> None:
    sys.stderr.write(f"petrec: {error.reason}\n")
    if error.hint:
        sys.stderr.write(f"  next: {error.hint}\n")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
