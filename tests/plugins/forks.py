"""The other side of the fork server: runs commands, and knows how they ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

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
            TemporaryFile("w+") as out,
            TemporaryFile("w+") as err,
            Path(os.devnull).open() as nothing,
        ):
            connection.connect(str(self.path))
            connection.settimeout(_LONGEST_S)
            streams = [stream.fileno() for stream in (nothing, out, err)]
            socket.send_fds(connection, [json.dumps(request).encode()], streams)
            code = _exit_code(connection)
            out.seek(0)
            err.seek(0)
            return Completed(code, out.read(), err.read())

    def stop(self) -> None:
        """End the server."""
        self.server.kill()
        self.server.communicate()


def _exit_code(connection: socket.socket) -> int:
    """Wait for the command; one that takes too long is killed."""
    with connection.makefile() as answers:
        child = int(answers.readline())
        try:
            return int(answers.readline())
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
