"""The process that runs a command in one target after the other, as `petrec fleet` asks for it."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import Any, BinaryIO

import msgspec
import typer

from petrec.cli.app import app
from petrec.cli.fleet.commands import FleetCommand
from petrec.cli.main import describe_unforeseen
from petrec.cli.output import collected
from petrec.cli.streams import prepare_streams
from petrec.cli.words import worded
from petrec.documents.document import Document
from petrec.errors import ExitCode, PetrecError, UsageError
from petrec.operations.fleet.process import TargetReport, TargetRequest

# What every command imports only when it is called.
# The base of click's errors about a command line; Typer has a copy of click of its own.
REFUSED: Any = typer.BadParameter.__mro__[2]
_USED_BY_ALL = ("petrec.postgres.connection", "petrec.postgres.preflight",
                "petrec.postgres.search_path", "petrec.postgres.errors")  # fmt: skip


def main() -> None:
    """Answer each request on standard input by a report on standard output."""
    prepare_streams()
    # Ctrl-C at a terminal is for the command; this process ends when its input ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    for module in _USED_BY_ALL:
        import_module(module)
    while line := sys.stdin.buffer.readline():
        request = msgspec.json.decode(line, type=TargetRequest)
        with suppress(UsageError):
            FleetCommand.find(request.words)
        answers.write(_report_of(request) + b"\n")
        answers.flush()


def _report_of(request: TargetRequest) -> bytes:
    """Run a command in a process of its own, where the platform can fork one."""
    if not hasattr(os, "fork"):
        return msgspec.json.encode(_run(request))
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        _run_forked(request, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        content = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0 and content:
        return content
    reason = f"the process of this target ended with code {code}"
    return msgspec.json.encode(TargetReport(ExitCode.UNDETERMINED, reason))


def _run_forked(request: TargetRequest, write: int) -> None:
    """Run a command, and end this process without what its parent does at its end."""
    code = 1
    try:
        Thread(target=_end_with_parent, daemon=True).start()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        content = msgspec.json.encode(_run(request), enc_hook=str)
        with os.fdopen(write, "wb") as pipe:
            pipe.write(content)
        code = 0
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Interrupt this process when its input ends: the fleet's process was stopped or killed."""
    if not os.read(sys.stdin.fileno(), 1):
        os.kill(os.getpid(), signal.SIGTERM)


def _run(request: TargetRequest) -> TargetReport:
    documents: list[Document] = []
    collected.set(documents)
    with _printed() as printed:
        options = {f"--{name}": value for name, value in request.options.items()}
        words = FleetCommand.find(request.words).with_options(options)
        code, reason, hint = _outcome(words)
        sys.stdout.flush()
        printed.seek(0)
        if printed.read(1) and not reason:
            code, reason = ExitCode.USAGE, "the command prints a text, not a result"
            hint = "write it to files: --output 'DIRECTORY/{target}'"
    return TargetReport(code, reason, hint, tuple(documents))


def _outcome(words: tuple[str, ...]) -> tuple[int, str, str]:
    """Return exit code, reason and hint of a command line."""
    try:
        ended: Any = app(args=list(words), prog_name="petrec", standalone_mode=False)
    except PetrecError as error:
        return error.exit_code, worded(error.reason), worded(error.hint)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED, "interrupted", ""
    except REFUSED as error:
        return ExitCode.USAGE, str(error), ""
    except Exception as error:  # noqa: BLE001 - the last resort of the process
        return ExitCode.UNDETERMINED, describe_unforeseen(error), ""
    return int(ended or 0), "", ""


@contextmanager
def _printed() -> Iterator[BinaryIO]:
    """Keep what the command prints in a file: standard output belongs to the reports."""
    with tempfile.TemporaryFile() as file:
        before = os.dup(sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stdout.fileno())
        try:
            yield file
        finally:
            os.dup2(before, sys.stdout.fileno())
            os.close(before)


if __name__ == "__main__":
    main()
