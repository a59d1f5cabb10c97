"""PgBouncer in front of a server: what an application's connections often go through."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.plugins.cluster import unprivileged_user
from tests.plugins.ports import free_port
from tests.plugins.waiting import until

# Debian keeps it with the servers' programs, which not everyone has in the path.
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_CONFIG = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
{more}
"""
Pooled = Callable[..., str]


class Pooler:
    """Runs as the same user as the server, since it too refuses to run as root."""

    def __init__(self, dsn: str, mode: str, more: str) -> None:
        self.port = free_port()
        server = urlsplit(dsn).port
        self.dsn = dsn.replace(f":{server}/", f":{self.port}/")
        self.directory = Path(tempfile.mkdtemp(prefix="petrec-pooler-"))
        self.directory.chmod(0o755)
        config = self.directory / "pgbouncer.ini"
        config.write_text(_CONFIG.format(server=server, port=self.port, mode=mode, more=more))
        log = self.directory / "log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(PROGRAM), str(config)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.directory, user=unprivileged_user(),
            )  # fmt: skip
        until(lambda: self.process.poll() is not None or _answers(self.dsn))
        assert self.process.poll() is None, log.read_text()

    def remove(self) -> None:
        """Stop the demo server and delete its files."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def pooled() -> Iterator[Pooled]:
    """Give the way to a database through a pooler of a mode, with more of its settings."""
    if PROGRAM is None:
        pytest.skip("no PgBouncer here")
    made: list[Pooler] = []

    def start(dsn: str, mode: str, more: str = "") -> str:
        made.append(Pooler(dsn, mode, more))
        return made[-1].dsn

    yield start
    for pooler in made:
        pooler.remove()
