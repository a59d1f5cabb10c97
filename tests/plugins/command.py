"""The petrec command as a user runs it: in a process of its own, with a clean environment."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
# Tests that run in the background of a shell inherit an ignored SIGINT, and would hand it on.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Completed:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without anything that names a database."""
    names = ("PG", "DATABASE_URL", "PETREC", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"} | extra


@pytest.fixture
def petrec(tmp_path: Path) -> Callable[..., Completed]:
    """Run a command to its end, in an empty directory."""

    def run(*arguments: str, dsn: str | None = None, **extra: str) -> Completed:
        env = environment(**extra, **({"PETREC_DATABASE_URL": dsn} if dsn else {}))
        ended = subprocess.run(
            [sys.executable, "-m", "petrec", *arguments], cwd=tmp_path, env=env, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=240, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr, ended.stderr
        return Completed(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a command and go on; it is killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, dsn: str, **options: Any) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "petrec", *arguments], cwd=tmp_path, text=True,
            env=environment(PETREC_DATABASE_URL=dsn), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
