"""The other side of the fork server: runs commands, and knows how they ended."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.plugins.fork_server import NUMBER
from tests.plugins.reached import counting

_LONGEST_S = 240
_PROGRAM = """#!{python} -IS
import json, os, socket, struct, sys

_, *words = sys.argv
# As `petrec`, or as Python that is to run a module.
module, words = (words[2], words[3:]) if words[:2] == ["-P", "-m"] else ("petrec", words)
connection = socket.socket(socket.AF_UNIX)
connection.connect({path!r})
request = dict(
    arguments=words, directory=os.getcwd(), environment=dict(os.environ), module=module
)
socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
_, code = struct.unpack("!ii", connection.recv(8, socket.MSG_WAITALL))
sys.exit(code if code >= 0 else 128 - code)
"""


@dataclass(frozen=True)
class Completed:
    """How a command ended."""

    code: int
    out: str
    err: str


class Process:
    """A command that runs, with its output in pipes; as Popen, where the names are the same."""

    def __init__(self, connection: socket.socket, out: int, err: int) -> None:
        self._connection = connection
        self.pid = self._number()
        self.returncode: int | None = None
        self.stdout = open(out, encoding="utf-8")  # noqa: SIM115 - both are closed with the process
        self.stderr = open(err, encoding="utf-8")  # noqa: SIM115

    def poll(self) -> int | None:
        """Return the exit code, or None while the command runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as there is one."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("petrec", timeout or 0)
            self.returncode = self._number()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end; returns what is left of both outputs."""
        with ThreadPoolExecutor(2) as readers:
            read = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            out, err = (text.result() for text in read)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the command has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End it, and give back what it holds here."""
        self.kill()
        self.wait()
        for stream in (self._connection, self.stdout, self.stderr):
            stream.close()

    def _number(self) -> int:
        (number,) = NUMBER.unpack(self._connection.recv(NUMBER.size, socket.MSG_WAITALL))
        return int(number)


class Forks:
    """Commands of a fork server, which listens at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(
        self,
        arguments: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        module: str = "petrec",
        *,
        out: int | None = None,
        err: int | None = None,
    ) -> Process:
        """Start a command and go on; `out` and `err` are its outputs in place of pipes."""
        request = {"arguments": arguments, "directory": str(directory)}
        variables = {**environment, **counting()}
        text = json.dumps(request | {"environment": variables, "module": module})
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.path))
        (piped, out_end), (said, err_end) = os.pipe(), os.pipe()
        given = [out_end if out is None else out, err_end if err is None else err]
        with Path(os.devnull).open() as nothing:
            socket.send_fds(connection, [text.encode()], [nothing.fileno(), *given])
        os.close(out_end)
        os.close(err_end)
        return Process(connection, piped, said)

    def run(
        self,
        arguments: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        module: str = "petrec",
    ) -> Completed:
        """Run a command to its end; one that takes too long is killed."""
        process = self.start(arguments, directory, environment, module)
        try:
            out, err = process.communicate(_LONGEST_S)
            return Completed(process.wait(), out, err)
        finally:
            process.close()

    def write_program(self, file: Path) -> None:
        """Write a program that is `petrec` to a shell, or Python to a command; it is forked."""
        text = _PROGRAM.format(python=sys.executable, path=str(self.path))
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)


@contextlib.contextmanager
def fork_server(root: Path, environment: Mapping[str, str]) -> Iterator[Forks]:
    """Start a server and go on: what is asked before it has imported everything waits for that."""
    with TemporaryDirectory(prefix="petrec-forks-") as directory:
        path, program = Path(directory) / "socket", Path(directory) / "python"
        Forks(path).write_program(program)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            words = ("tests.plugins.fork_server", str(listener.fileno()), str(program))
            server = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=root, env={**environment, **counting(), "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()],
            )  # fmt: skip
        try:
            yield Forks(path)
        finally:
            server.kill()
            server.wait()
