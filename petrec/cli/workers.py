"""Several processes that serve on one socket: each makes its own application, one watches them."""

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Config

    from petrec.postgres.dsn import Dsn
    from petrec.settings import Settings


@dataclass(frozen=True)
class Worker:
    """What a new process needs to make its application; it is handed over by a pipe.

    Neither engines nor loggers can be handed over, and secrets must not be in a command line.
    """

    dsn: "Dsn"
    settings: "Settings"
    verbose: int

    def __call__(self) -> "FastAPI":
        """Return the application; called by uvicorn in the new process."""
        from petrec.api.host.standalone import make_app
        from petrec.cli.session import configure_logging

        configure_logging(self.verbose)
        _end_with_parent()
        return make_app(self.dsn, self.settings)


def run_workers(config: "Config", listening: socket.socket, counting: bool) -> None:
    """Serve until a signal ends it; a process that dies is replaced."""
    from uvicorn.supervisors import Multiprocess

    with _shared_counters(counting):
        Multiprocess(config, [listening]).run()


@contextmanager
def _shared_counters(counting: bool) -> Iterator[None]:
    """Let counters add up, those of ended processes too: prometheus_client keeps them in files."""
    if not counting:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="petrec-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _end_with_parent() -> None:
    """End when the parent is gone, which nobody else would see to: the port would stay taken."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
