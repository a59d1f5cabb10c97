"""The petrec command as a user runs it: in a process of its own, with a clean environment."""

import atexit
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.plugins.forks import Completed, Forks, Process, fork_server
from tests.plugins.mutants import forks_follow
from tests.plugins.reached import not_counting

ROOT = Path(__file__).parent.parent.parent
# Tests that run in the background of a shell inherit an ignored SIGINT, and would hand it on.
signal.signal(signal.SIGINT, signal.default_int_handler)
# What an interpreter reads as it starts needs one that starts.
_AT_START = re.compile(r"PYTHON|LANG|LC_|TZ")
# To import everything takes seconds: all workers share one server, and so do all mutants.
_shared: list[Forks] = []
_until_exit = ExitStack()
atexit.register(_until_exit.close)


class Petrec(Protocol):
    """Runs a command to its end."""

    def __call__(self, *arguments: str, dsn: str | None = None, **extra: str) -> Completed:
        """Return how it ended; `extra` are variables of its environment."""


class Spawn(Protocol):
    """Starts a command and goes on."""

    def __call__(self, *arguments: str, dsn: str) -> Process:
        """Return its process."""


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without anything that names a database."""
    names = ("PG", "DATABASE_URL", "PETREC", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    own = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    return kept | own | not_counting() | extra


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Name one server to all workers of a run."""
    node.workerinput["forks"] = str(_server_until_exit().path)


def _server_until_exit() -> Forks:
    if not _shared:
        _shared.append(_until_exit.enter_context(fork_server(ROOT, environment())))
    return _shared[0]


@pytest.fixture(scope="session")
def forks(pytestconfig: pytest.Config) -> Iterator[Forks]:
    """Yield the fork server: the run's, mutmut's, or one that ends with the session."""
    named = getattr(pytestconfig, "workerinput", {}).get("forks")
    if named:
        yield Forks(Path(named))
    elif forks_follow() or _shared:
        yield _server_until_exit()
    else:
        with fork_server(ROOT, environment()) as started:
            yield started


@pytest.fixture
def petrec(tmp_path: Path, forks: Forks) -> Petrec:
    """Run a command to its end, in an empty directory, in a process of its own."""

    def run(*arguments: str, dsn: str | None = None, **extra: str) -> Completed:
        env = environment(**extra, **({"PETREC_DATABASE_URL": dsn} if dsn else {}))
        run_it = _run_anew if any(map(_AT_START.match, extra)) else forks.run
        ended = run_it(arguments, tmp_path, env)
        assert "Traceback" not in ended.err, ended.err
        return ended

    return run


def _run_anew(arguments: Sequence[str], directory: Path, env: Mapping[str, str]) -> Completed:
    ended = subprocess.run(
        [sys.executable, "-m", "petrec", *arguments], cwd=directory, env=env, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=240, check=False,
    )  # fmt: skip
    return Completed(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def spawn(tmp_path: Path, forks: Forks) -> Iterator[Spawn]:
    """Start a command and go on; it is killed at the end of the test."""
    started: list[Process] = []

    def start(*arguments: str, dsn: str) -> Process:
        env = environment(PETREC_DATABASE_URL=dsn)
        started.append(forks.start(arguments, tmp_path, env))
        return started[-1]

    yield start
    for process in started:
        process.close()
