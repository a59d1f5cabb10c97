"""The process that runs a command in targets, and the requests that it reads.

A target gets a process of its own, forked from one that has imported the command already: a crash,
a signal or a lock of one target is not that of another, and starting costs no imports.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import monotonic

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo

from petrec.documents.document import Document
from petrec.errors import ExitCode, PetrecError
from petrec.operations.fleet.places import fill
from petrec.operations.fleet.result import TargetOutcome, TargetState, state_of
from petrec.operations.fleet.targets import FleetTarget

# It reads the command line, so it is above this package.
_PROGRAM = "petrec.cli.fleet.worker"
# Only the merged document is added to the summary of a pipeline.
_NOT_INHERITED = ("GITHUB_STEP_SUMMARY",)
# A process that forks must have no other threads; importing pandas starts some.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


class TargetRequest(Struct, frozen=True):
    """A command for one target: its words, and options that its command line does not show.

    `source` is where the connection was named.
    """

    number: int
    words: tuple[str, ...]
    options: dict[str, str]
    source: str = ""


class TargetReport(Struct, frozen=True):
    """How a command ended, and what it would have shown.

    `imported` are modules of petrec that it had to import.
    """

    exit_code: int
    reason: str = ""
    hint: str = ""
    documents: tuple[Document, ...] = ()
    imported: tuple[str, ...] = ()


class TargetAnswer(Struct, frozen=True):
    """The report, as JSON, for the request of a number."""

    number: int
    report: msgspec.Raw


@dataclass
class TargetProcess:
    """The process of all targets: started with the first, and again if it was killed."""

    verbose: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _reader: Thread | None = field(default=None, repr=False)
    _awaited: "dict[int, Future[TargetReport]]" = field(default_factory=dict, repr=False)
    _count: int = 0
    _stopped: bool = False

    def work(self, target: FleetTarget, words: Sequence[str], config: str) -> TargetOutcome:
        """Run a command in a target, and return how it ended."""
        if target.problem is not None:
            return failed(target.name, target.problem)
        started = monotonic()
        request = TargetRequest(
            0, tuple(fill(word, target) for word in words), _options(target, config), target.source
        )
        report = self._ask(request)
        return TargetOutcome(
            target=target.name,
            exit_code=report.exit_code,
            state=state_of(report.exit_code),
            reason=report.reason,
            hint=report.hint,
            seconds=round(monotonic() - started, 3),
            documents=report.documents,
        )

    def _ask(self, request: TargetRequest) -> TargetReport:
        with self._lock:
            if self._stopped:
                return TargetReport(ExitCode.INTERRUPTED, "interrupted")
            process = self._process or self._start()
            self._count += 1
            answer: Future[TargetReport] = Future()
            self._awaited[self._count] = answer
            request = replace(request, number=self._count)
            # The process has ended: the thread that reads its output reports it.
            if process.stdin is not None:
                with suppress(BrokenPipeError):
                    process.stdin.write(msgspec.json.encode(request) + b"\n")
                    process.stdin.flush()
        return answer.result()

    def _start(self) -> "subprocess.Popen[bytes]":
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        # -P: a module of the working directory must not replace one of Python's.
        self._process = subprocess.Popen(  # noqa: S603 - the words are this module's own
            [sys.executable, "-P", "-m", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self.verbose else subprocess.DEVNULL,
            env={**_ONE_THREAD, **inherited},
        )
        self._reader = Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self._process

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass each answer on; whatever ends this, no target waits for ever."""
        try:
            for line in process.stdout or ():
                self._pass_on(line)
        finally:
            self._fail_the_rest(process)

    def _pass_on(self, line: bytes) -> None:
        """Pass an answer on; Python's own start may have printed lines that are none."""
        with suppress(msgspec.MsgspecError):
            answer = msgspec.json.decode(line, type=TargetAnswer)
            awaited = self._awaited.pop(answer.number, None) or Future()
            try:
                awaited.set_result(msgspec.json.decode(answer.report, type=TargetReport))
            except msgspec.MsgspecError as error:
                reason = f"the report of this target cannot be read: {error}"
                awaited.set_result(TargetReport(ExitCode.UNDETERMINED, reason))

    def _fail_the_rest(self, process: "subprocess.Popen[bytes]") -> None:
        """End the process, if it has not ended: its targets have failed."""
        with self._lock:
            self._process = None
            left, self._awaited = self._awaited, {}
            with suppress(BrokenPipeError), process:
                pass
        reason = f"the process of this target ended with code {process.returncode}"
        for each in left.values():
            each.set_result(TargetReport(ExitCode.UNDETERMINED, reason))

    def stop(self) -> None:
        """End the process and the commands that it runs: it stops at the end of its input.

        A command that writes ends its batch first.
        """
        with self._lock, suppress(BrokenPipeError):
            self._stopped = True
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
        if self._reader is not None:
            self._reader.join()


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
