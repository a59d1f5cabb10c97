"""The process of all targets: each target in a process of its own, which may be killed alone."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from petrec.operations.fleet.process import TargetProcess, TargetReport
from petrec.operations.fleet.result import TargetOutcome, TargetState
from petrec.operations.fleet.targets import FleetTarget
from tests.plugins.waiting import until

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no list of children")


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Listen, and never answer: a command waits for the server's first word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


class Started:
    """Two commands that wait, and the processes that run them."""

    def __init__(self, process: TargetProcess, listener: socket.socket) -> None:
        self.process = process
        port = str(listener.getsockname()[1])
        where = {"host": "127.0.0.1", "port": port, "dbname": "clinic", "connect_timeout": "60"}
        self.targets = [FleetTarget(name, "public", where) for name in ("a", "b")]
        self.pool = ThreadPoolExecutor(2)
        self.outcomes = [self.work(each) for each in self.targets]
        self.connections = [listener.accept()[0] for _ in self.targets]
        self.server = process._process.pid if process._process else 0
        until(lambda: len(children(self.server)) == 2)

    def work(self, target: FleetTarget) -> "Future[TargetOutcome]":
        return self.pool.submit(self.process.work, target, ("audit",), "")

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.process.stop()
        self.pool.shutdown()


@pytest.fixture
def started(silent: socket.socket) -> Iterator[Started]:
    running = Started(TargetProcess(), silent)
    yield running
    running.close()


def test_one_process_serves_all_and_a_killed_target_fails_alone(started: Started) -> None:
    first, second = children(started.server)
    os.kill(first, signal.SIGKILL)
    until(lambda: any(each.done() for each in started.outcomes))
    done, left = sorted(started.outcomes, key=lambda each: not each.done())
    assert done.result().reason == "the process of this target ended with code -9"
    assert done.result().state is TargetState.FAILED
    assert not left.done()
    assert children(started.server) == [second]


def test_a_killed_process_fails_its_targets_and_the_next_target_starts_another(
    started: Started, silent: socket.socket
) -> None:
    forked = children(started.server)
    os.kill(started.server, signal.SIGKILL)
    for each in started.outcomes:
        assert each.result(timeout=60).reason == "the process of this target ended with code -9"
    # What it had forked ends too, though its input is another one's pipe.
    until(lambda: not any(Path(f"/proc/{pid}/fd/0").exists() for pid in forked))
    another = started.work(started.targets[0])
    silent.accept()[0].close()
    assert "closed the connection" in another.result(timeout=60).reason


def test_commands_that_have_not_begun_are_interrupted_too(started: Started) -> None:
    process = TargetProcess()
    with ThreadPoolExecutor(6) as pool:
        outcomes = [
            pool.submit(process.work, target, ("audit",), "") for target in started.targets * 3
        ]
        until(lambda: len(process._awaited) == 6)
        process.stop()
        states = {each.result(timeout=60).state for each in outcomes}
    assert states == {TargetState.INTERRUPTED}


def test_a_stop_ends_the_commands_in_order(started: Started) -> None:
    started.process.stop()
    states = {each.result(timeout=60).state for each in started.outcomes}
    assert states == {TargetState.INTERRUPTED}
    late = started.work(started.targets[0]).result(timeout=60)
    assert late.state is TargetState.INTERRUPTED


class UnreadableError(Exception):
    """What no reader expects."""


@pytest.mark.parametrize("printed", ["print('a line')", "print('no line', end='', flush=True)"])
def test_what_others_print_in_the_process_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"{printed}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    process = TargetProcess()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(process.work, FleetTarget("a", "public", {}), ("audit", "--odd"), "")
        outcome = asked.result(timeout=60)
        process.stop()
    assert (outcome.exit_code, "--odd" in outcome.reason) == (2, True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_targets_do_not_wait_for_a_reader_that_fails(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(line: bytes) -> None:
        raise UnreadableError(line)

    monkeypatch.setattr(started.process, "_pass_on", fail)
    os.kill(children(started.server)[0], signal.SIGKILL)
    for each in started.outcomes:
        assert "the process of this target ended" in each.result(timeout=60).reason


def test_a_report_that_cannot_be_read_fails_its_target_alone() -> None:
    process = TargetProcess()
    awaited: list[Future[TargetReport]] = [Future(), Future()]
    process._awaited.update(enumerate(awaited))
    for line in (b"[1]\n", b'{"number": 7, "report": {}}\n', b'{"number": 1, "report": {}}\n'):
        process._pass_on(line)
    assert "cannot be read" in awaited[1].result(timeout=1).reason
    assert not awaited[0].done()
