"""The other side of the fork server: runs commands, and knows how they ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_LONGEST_S = 240


@dataclass(frozen=True)
class Completed:
    """How a command ended."""

    code: int
    out: str
    err: str


class Forks:
    """A fork server of this session's own, which listens at `path`."""

    def __init__(self, path: Path, root: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.plugins.fork_server", str(path)], cwd=root, text=True,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.server.stdout is not None
        assert self.server.stdout.readline() == "ready\n"

    def run(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> Completed:
        """Run a command to its end."""
        request = {"arguments": arguments, "directory": str(directory), "environment": environment}
        with (
            socket.socket(socket.AF_UNIX) as connection,
            ThreadPoolExecutor(2) as readers,
            Path(os.devnull).open() as nothing,
        ):
            connection.connect(str(self.path))
            connection.settimeout(_LONGEST_S)
            (out, out_end), (err, err_end) = os.pipe(), os.pipe()
            read = [readers.submit(_read, end) for end in (out, err)]
            streams = [nothing.fileno(), out_end, err_end]
            socket.send_fds(connection, [json.dumps(request).encode()], streams)
            os.close(out_end)
            os.close(err_end)
            return Completed(_exit_code(connection), *(text.result() for text in read))

    def stop(self) -> None:
        """End the server."""
        self.server.kill()
        self.server.communicate()


def _read(end: int) -> str:
    with open(end, encoding="utf-8") as stream:
        return stream.read()


def _exit_code(connection: socket.socket) -> int:
    """Wait for the command; one that takes too long is killed."""
    with connection.makefile() as answers:
        child = int(answers.readline())
        try:
            return int(answers.readline())
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
