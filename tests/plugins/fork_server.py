"""A server that forks the petrec command with everything imported: half a second less a command.

A request carries arguments, directory and environment as JSON, with the three streams' file
descriptors. Each command still is a process of its own, from `main()` to the interpreter's exit.
"""

import gc
import importlib
import json
import os
import pkgutil
import random
import signal
import socket
import sys
from typing import Any

from tests.plugins.reached import write_down_functions

# These read the environment as they are imported, or are not for the command.
_LATER = ("petrec.__main__", "petrec.api")
_MOST = 1 << 20


class RequestedError(Exception):
    """This process is the one that runs a command."""


def import_all() -> None:
    """Import what commands import, so that no command has to."""
    import petrec

    for module in pkgutil.walk_packages(petrec.__path__, "petrec."):
        if not module.name.startswith(_LATER):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(path: str) -> None:
    """Answer requests until the one who started the server has gone.

    Raises RequestedError in the processes that are to run a command.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _attend(connection)
            connection.close()


def _attend(connection: socket.socket) -> None:
    """Run one request in a child, and send its process id and its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, streams, _, _ = socket.recv_fds(connection, _MOST, 3)
    if not text:
        os._exit(0)
    if (child := os.fork()) == 0:
        connection.close()
        _become(json.loads(text), streams)
        raise RequestedError
    connection.sendall(f"{child}\n".encode())
    status = os.waitpid(child, 0)[1]
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Take on the request's directory, environment, arguments and streams."""
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["petrec", *request["arguments"]]
    random.seed()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    error, out = sys.stderr, sys.stdout
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - all three live as long as the process
    sys.stdout = open(1, "w", encoding=out.encoding, errors=out.errors, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding=error.encoding, errors=error.errors, closefd=False)  # noqa: SIM115


def _is_requested() -> bool:
    """Return whether this process is to run a command."""
    try:
        serve(sys.argv[1])
    except RequestedError:
        return True
    return False


if __name__ == "__main__":
    import_all()
    if _is_requested():
        from petrec.cli.main import main

        write_down_functions()
        main()
