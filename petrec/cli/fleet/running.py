"""One command of a fleet, run in this process: what it would have shown is kept as a report."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, BinaryIO

import msgspec
import typer

from petrec.cli.app import app
from petrec.cli.fleet.commands import FleetCommand
from petrec.cli.main import describe_unforeseen
from petrec.cli.output import collected
from petrec.cli.session import connection_named
from petrec.cli.words import worded
from petrec.documents.document import Document
from petrec.errors import ExitCode, PetrecError, UsageError
from petrec.operations.fleet.process import TargetReport, TargetRequest

# The base of click's errors about a command line; Typer has a copy of click of its own.
REFUSED: Any = typer.BadParameter.__mro__[2]
# What commands import only when they are called.
_BY_ALL = ("petrec.postgres.connection", "petrec.postgres.preflight",
           "petrec.postgres.search_path", "petrec.postgres.errors")  # fmt: skip
_BY_ONE = {
    "doctor": ("petrec.operations.setup",),
    "report": ("petrec.operations.report", "petrec.features.report.as_html"),
}


class _Imports(msgspec.Struct):
    imported: tuple[str, ...] = ()


def prepare(request: TargetRequest) -> None:
    """Import what the command of a request imports, so that a forked process need not."""
    # What is wrong with the words, or not installed, is the outcome of the command.
    with suppress(UsageError, REFUSED, ImportError):
        FleetCommand.find(request.words).parse()
        first = request.words[0]
        for module in (*_BY_ALL, *_BY_ONE.get(first, (f"petrec.operations.{first}",))):
            import_module(module)


def learn(report: bytes) -> None:
    """Import what a command had to import, so that the next process need not."""
    with suppress(msgspec.MsgspecError, ImportError):
        for module in msgspec.json.decode(report, type=_Imports).imported:
            import_module(module)


def run(request: TargetRequest) -> bytes:
    """Run the command of a request, and return its report as JSON."""
    documents: list[Document] = []
    known = set(sys.modules)
    collected.set(documents)
    connection_named.set(request.source or connection_named.get())
    with _printed() as printed:
        options = {f"--{name}": value for name, value in request.options.items()}
        words = FleetCommand.find(request.words).with_options(options)
        code, reason, hint = _outcome(words)
        sys.stdout.flush()
        printed.seek(0)
        if printed.read(1) and not reason:
            code, reason = ExitCode.USAGE, "the command prints a text, not a result"
            hint = "write it to files: --output 'DIRECTORY/{target}'"
    imported = tuple(name for name in sys.modules if name not in known and name[:7] == "petrec.")
    report = TargetReport(code, reason, hint, tuple(documents), imported)
    return msgspec.json.encode(report, enc_hook=str)


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
