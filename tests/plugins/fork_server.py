"""A server that forks commands with everything imported: half a second less a command.

A request carries a module, arguments, directory and environment as JSON, with the three streams'
file descriptors. Each command still is a process of its own, from `python -m` to the flush of its
streams; what nothing refers to is collected, but the modules are not taken apart: that took longer
than most commands.
"""

import atexit
import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import pkgutil
import random
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import warnings
from typing import Any, NoReturn

from tests.plugins.reached import write_down_functions

# These read the environment as they are imported, are not for the command, or are run by name.
_LATER = ("petrec.__main__", "petrec.api", "petrec.cli.fleet.worker")
# What commands import while they run: for a refusal, a table, a workbook, files, a server.
_WHILE_RUNNING = (
    "alembic.config", "duckdb", "encodings.utf_16_be", "encodings.utf_16_le", "openpyxl",
    "petrec.api.host.server", "rich._emoji_codes", "sqlglot.dialects.duckdb", "typer._adapters",
    "typer._click.decorators", "typer.rich_utils",
)  # fmt: skip
_MOST = 1 << 20
NUMBER = struct.Struct("!i")


class RequestedError(Exception):
    """This process is the one that runs a command."""

    def __init__(self, request: dict[str, Any], streams: list[int]) -> None:
        super().__init__()
        self.request = request
        self.streams = streams


def import_all() -> None:
    """Import what commands import, so that no command has to."""
    import petrec

    for name in _WHILE_RUNNING:
        # Other versions of these packages are made of other modules.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for module in pkgutil.walk_packages(petrec.__path__, "petrec."):
        if not module.name.startswith(_LATER):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


class Server:
    """Answers requests until the one who started it has gone."""

    def __init__(self, listening: int) -> None:
        self._connections: dict[int, socket.socket] = {}
        self._ended, self._end = socket.socketpair()
        self._ended.setblocking(False)
        self._end.setblocking(False)
        signal.set_wakeup_fd(self._end.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._listener = socket.socket(fileno=listening)
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._listener, selectors.EVENT_READ, self._start)
        self._ready.register(self._ended, selectors.EVENT_READ, self._reap)

    def serve(self) -> NoReturn:
        """Raise RequestedError in the processes that are to run a command."""
        while True:
            for key, _ in self._ready.select():
                key.data()

    def _start(self) -> None:
        """Run one request in a child, and send its process id."""
        connection, _ = self._listener.accept()
        text, streams, _, _ = socket.recv_fds(connection, _MOST, 3)
        if (child := os.fork()) == 0:
            connection.close()
            self._close()
            raise RequestedError(json.loads(text), streams)
        for stream in streams:
            os.close(stream)
        self._connections[child] = connection
        connection.sendall(NUMBER.pack(child))

    def _reap(self) -> None:
        """Send the exit code of each command that has ended."""
        self._ended.recv(_MOST)
        while self._connections:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            # Who asked may have gone.
            with self._connections.pop(child) as connection, contextlib.suppress(OSError):
                connection.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))

    def _close(self) -> None:
        """Leave nothing of the server to a command."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._ready.close()
        for one in (self._listener, self._ended, self._end, *self._connections.values()):
            one.close()


def run(request: dict[str, Any], streams: list[int]) -> None:
    """Run a command as `python -m` does, and end this process."""
    _become(request, streams)
    write_down_functions()
    code = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = int(end.code or 0)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Take on the request's directory, environment, arguments and streams."""
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if "PYTHONWARNINGS" not in os.environ:
        warnings.simplefilter("ignore")
    sys.path[0] = request["directory"]
    sys.argv = [request["module"], *request["arguments"]]
    random.seed()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    error, out = sys.stderr, sys.stdout
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - all three live as long as the process
    sys.stdout = open(1, "w", encoding=out.encoding, errors=out.errors, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding=error.encoding, errors=error.errors, closefd=False)  # noqa: SIM115


def _requested() -> RequestedError:
    """Serve; returns what to run, in the process that is to run it."""
    try:
        Server(int(sys.argv[1])).serve()
    except RequestedError as requested:
        return requested


if __name__ == "__main__":
    # Ctrl-C is for the tests, which end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_all()
    # What a command starts with Python, such as the processes of a fleet, is forked, too; not what
    # multiprocessing starts, such as further processes of a server.
    multiprocessing.set_executable(sys.executable)
    sys.executable = sys.argv[2]
    asked = _requested()
    run(asked.request, asked.streams)
