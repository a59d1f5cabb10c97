"""The server of the standalone host: one process, or several that serve on one socket."""

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from petrec.api.host.protocol import HeadTime, TimedConfig
from petrec.api.host.standalone import make_app
from petrec.errors import UsageError
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from fastapi import FastAPI

    from petrec.postgres.dsn import Dsn
    from petrec.settings import Settings

# A process that imports its modules on a busy machine starts slowly; it must not count as dead.
_HEALTHY_S = 30


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; errors: UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            hint=Phrased(Phrase.OTHER_ADDRESS),
        ) from error
    # Head and body of an answer are two writes; without this, and unlike for sockets that it opens
    # itself, asyncio lets the second wait for the client's delayed acknowledgement (40 ms).
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def make_config(
    dsn: "Dsn", settings: "Settings", workers: int, prepare: Callable[[], None]
) -> uvicorn.Config:
    """Return the server's configuration; `prepare` is called first in each further process."""
    # Created here in any case: wrong settings are reported once, before anything starts.
    app: Any = make_app(dsn, settings)
    if workers > 1:
        app = Worker(dsn, settings, prepare)
    return TimedConfig(
        app,
        head=HeadTime(settings.serve.limits.header_s),
        factory=workers > 1,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.serve.drain_s,
        timeout_worker_healthcheck=_HEALTHY_S,
    )


def run_server(config: uvicorn.Config, listening: socket.socket, *, counting: bool) -> None:
    """Serve until a signal ends it; a further process that dies is replaced."""
    if config.workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
        return
    with _shared_counters(counting):
        Supervisor(config, [listening]).run()


class Supervisor(Multiprocess):
    """Starts and replaces the processes; that one is gone ends the wait for its answer.

    uvicorn asks each process whether it is well. Its parent holds both ends of the pipe, so the end
    of the process would not be seen before the time for the answer is over.
    """

    def keep_subprocess_alive(self) -> None:
        """Replace the processes that are gone or do not answer."""
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


@dataclass(frozen=True)
class Worker:
    """What a new process needs to make its application; it is handed over by a pipe.

    Neither engines nor loggers can be handed over, and secrets must not be in a command line.
    """

    dsn: "Dsn"
    settings: "Settings"
    prepare: Callable[[], None]

    def __call__(self) -> "FastAPI":
        """Return the application; called by uvicorn in the new process."""
        self.prepare()
        _end_with_parent()
        return make_app(self.dsn, self.settings)


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
    """Exit when the parent process is gone; otherwise the port would stay in use."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
