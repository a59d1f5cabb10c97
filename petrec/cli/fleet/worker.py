"""The process that runs a command in targets, as `petrec fleet` asks for it.

It imports the command once, and forks a process for each target: several at once, since it waits
for requests and for the reports of all of them together. It has no threads and no connections, so
a fork copies neither.
"""

import gc
import os
import signal
import sys
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from threading import Thread

import msgspec

from petrec.cli.fleet.running import learn, prepare, run
from petrec.cli.streams import discard_output, prepare_streams
from petrec.errors import ExitCode
from petrec.operations.fleet.process import TargetAnswer, TargetReport, TargetRequest

_CHUNK = 1 << 16


def main() -> None:
    """Answer each request on standard input by a report on standard output."""
    prepare_streams()
    # Ctrl-C at a terminal is for the command; this process ends when its input ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.dup(sys.stdout.fileno())
    # Other output, of this process or a fork, must not come between the answers.
    discard_output()
    if hasattr(os, "fork"):
        _Forks(answers).serve()
        return
    while line := sys.stdin.buffer.readline():
        request = msgspec.json.decode(line, type=TargetRequest)
        _answer(answers, request.number, run(request))


@dataclass
class _Child:
    """A process of a target, and what was read of its report."""

    number: int
    pid: int
    content: bytearray = field(default_factory=bytearray)

    def report(self) -> bytes:
        """Return the report of this process, which has closed its end of the pipe."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if code == 0 and self.content:
            return bytes(self.content)
        reason = f"the process of this target ended with code {code}"
        return msgspec.json.encode(TargetReport(ExitCode.UNDETERMINED, reason))


@dataclass
class _Forks:
    """The processes of targets; each ends when this process closes, or loses, `_alive`."""

    answers: int
    _watched: int = -1
    _alive: int = -1
    _unread: bytes = b""
    _selector: DefaultSelector = field(default_factory=DefaultSelector)

    def serve(self) -> None:
        """Serve requests until the input ends; then stop the processes, and await their reports."""
        self._watched, self._alive = os.pipe()
        self._selector.register(sys.stdin.fileno(), EVENT_READ)
        while self._selector.get_map():
            for key, _ in self._selector.select():
                if isinstance(key.data, _Child):
                    self._read_report(key.fd, key.data)
                else:
                    self._read_requests(key.fd)

    def _read_requests(self, file: int) -> None:
        content = os.read(file, _CHUNK)
        if not content:
            self._selector.unregister(file)
            os.close(self._alive)
            return
        *lines, self._unread = (self._unread + content).split(b"\n")
        for line in lines:
            self._start(msgspec.json.decode(line, type=TargetRequest))

    def _read_report(self, file: int, child: _Child) -> None:
        if content := os.read(file, _CHUNK):
            child.content += content
            return
        self._selector.unregister(file)
        os.close(file)
        report = child.report()
        _answer(self.answers, child.number, report)
        learn(report)

    def _start(self, request: TargetRequest) -> None:
        prepare(request)
        # Objects that a collection never visits stay in memory that all processes share.
        gc.freeze()
        read, write = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(self._alive)
            _run_forked(request, write, self._watched)
        os.close(write)
        self._selector.register(read, EVENT_READ, _Child(request.number, pid))


def _answer(file: int, number: int, report: bytes) -> None:
    # What was printed before this program began need not have ended its line.
    content = b"\n" + msgspec.json.encode(TargetAnswer(number, msgspec.Raw(report))) + b"\n"
    while content:
        content = content[os.write(file, content) :]


def _run_forked(request: TargetRequest, write: int, watched: int) -> None:
    """Run a command, and end this process without what its parent does at its end."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        with os.fdopen(write, "wb") as pipe:
            pipe.write(_report(request, watched))
        code = 0
    finally:
        os._exit(code)


def _report(request: TargetRequest, watched: int) -> bytes:
    """Run a command, and return its report, also if it is interrupted before it begins."""
    try:
        # The parent may be stopping already: the signal is caught before the thread
        # sends it. Ctrl-C stays ignored, so that a batch is interrupted once, not twice.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
        return run(request)
    except KeyboardInterrupt:
        return msgspec.json.encode(TargetReport(ExitCode.INTERRUPTED, "interrupted"))


def _end_with_parent(watched: int) -> None:
    """Interrupt this process when its parent is stopping, or was killed."""
    os.read(watched, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
