"""A process that works on one target after the other, and the requests that it reads.

A target gets a process of its own, forked from one that has imported the command already: a crash,
a signal or a lock of one target is not that of another, and starting costs no imports.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import msgspec
from msgspec import Struct
from psycopg.conninfo import make_conninfo

from petrec.documents.document import Document
from petrec.errors import ExitCode, PetrecError
from petrec.operations.fleet.places import fill
from petrec.operations.fleet.result import TargetOutcome, TargetState, state_of
from petrec.operations.fleet.targets import FleetTarget

# It reads the command line, so it is above this package.
_PROGRAM = "petrec.cli.fleet.worker"
# A pipeline's summary gets the merged document alone.
_NOT_INHERITED = ("GITHUB_STEP_SUMMARY",)


class TargetRequest(Struct, frozen=True):
    """A command for one target: its words, and options that its command line does not show."""

    words: tuple[str, ...]
    options: dict[str, str]


class TargetReport(Struct, frozen=True):
    """How a command ended, and what it would have shown."""

    exit_code: int
    reason: str = ""
    hint: str = ""
    documents: tuple[Document, ...] = ()


@dataclass
class TargetWorker:
    """The other side of such a process; it is started with the first target."""

    verbose: bool = False
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def work(self, target: FleetTarget, words: Sequence[str], config: str) -> TargetOutcome:
        """Run a command in a target, and return how it ended."""
        if target.problem is not None:
            return failed(target.name, target.problem)
        started = monotonic()
        request = TargetRequest(
            tuple(fill(word, target) for word in words), _options(target, config)
        )
        report = self._ask(msgspec.json.encode(request))
        return TargetOutcome(
            target=target.name,
            exit_code=report.exit_code,
            state=state_of(report.exit_code),
            reason=report.reason,
            hint=report.hint,
            seconds=round(monotonic() - started, 3),
            documents=report.documents,
        )

    def _ask(self, request: bytes) -> TargetReport:
        process = self._process or self._start()
        if process.stdin is None or process.stdout is None:  # pragma: no cover - both are pipes
            raise TypeError("the process has no pipes")
        # A process that has ended, or is being stopped, has no open input.
        with suppress(BrokenPipeError, ValueError):
            process.stdin.write(request + b"\n")
            process.stdin.flush()
        answer = process.stdout.readline()
        if answer.endswith(b"\n"):
            return msgspec.json.decode(answer, type=TargetReport)
        code = process.wait()
        process.stdout.close()
        self._process = None
        return TargetReport(
            ExitCode.UNDETERMINED, f"the process of this target ended with code {code}"
        )

    def _start(self) -> "subprocess.Popen[bytes]":
        environment = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        # -P: a module of the working directory must not replace one of Python's.
        self._process = subprocess.Popen(  # noqa: S603 - the words are this module's own
            [sys.executable, "-P", "-m", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self.verbose else subprocess.DEVNULL,
            env=environment,
        )
        return self._process

    def stop(self) -> None:
        """End the process, and with it the command that it runs: at the end of its input, it stops.

        A command that writes ends its batch first.
        """
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def close(self) -> None:
        """Close what is left of a stopped process, after its last answer was read."""
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()


def failed(target: str, error: PetrecError) -> TargetOutcome:
    """Return the outcome of a target that could not be reached, or not be found."""
    return TargetOutcome(
        target, error.exit_code, TargetState.FAILED, str(error.reason), str(error.hint)
    )


def _options(target: FleetTarget, config: str) -> dict[str, str]:
    """Return the connection as options; without parameters it is that of the environment."""
    options = {"schema": target.schema, "config": config}
    if parameters := target.parameters:
        options["dsn"] = make_conninfo(**parameters)
    return {name: value for name, value in options.items() if value}
