"""A PostgreSQL server of one version, on a port and in a directory of its own."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.plugins.copies import Copies
from tests.plugins.ports import free_port
from tests.plugins.sessions import Sessions

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "shared_buffers": "64MB",
    "max_connections": "80",
    "timezone": "UTC",
    "listen_addresses": "127.0.0.1",
}
_IN_MEMORY = Path("/dev/shm")
_ENOUGH = 6 << 30
_HBA = """
local all all trust
host all +needs_password 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
"""


class Cluster:
    """Runs as an unprivileged user where the tests run as root, which PostgreSQL refuses."""

    def __init__(self, major: int, bin_dir: Path, room: int = _ENOUGH) -> None:
        self.major = major
        self.owner = os.getpid()
        self.bin_dir = bin_dir
        self.user = unprivileged_user()
        self.directory = Path(tempfile.mkdtemp(prefix=f"petrec-pg{major}-", dir=_place(room)))
        self.data_dir = self.directory / "data"
        self.port = free_port()
        self.sessions = Sessions(self.dsn)
        self.copies = Copies(self.sessions, major)
        if self.user:
            _open_to(self.user, self.directory, bin_dir)

    @classmethod
    def start(cls, major: int, bin_dir: Path, room: int = _ENOUGH) -> "Cluster":
        """Make and start a server, in memory if that has so many bytes of room."""
        cluster = cls(major, bin_dir, room)
        first = _initialized(major, bin_dir)
        subprocess.run(["cp", "-a", str(first.data_dir), str(cluster.data_dir)], check=True)
        cluster.start_again()
        cluster.sessions.execute("postgres", "CREATE ROLE needs_password NOLOGIN")
        return cluster

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return a URL."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start_again(self) -> None:
        """Start the server and wait until it answers."""
        settings = _SETTINGS | {
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "-w", "-l", str(self.directory / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server."""
        self.sessions.close()
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def make_standby(self) -> "Cluster":
        """Return a running hot standby of this server."""
        standby = Cluster(self.major, self.bin_dir)
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name=standby"
        standby._run("pg_basebackup", "-R", "-c", "fast", "-d", source)
        standby.start_again()
        return standby

    def remove(self) -> None:
        """Stop the server, whatever its state, and delete its files."""
        self.sessions.close()
        if (self.data_dir / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin_dir / program), "-D", str(self.data_dir), *arguments]
        log = self.directory / f"{program}.out"
        with log.open("w") as out:
            ended = subprocess.run(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, user=self.user,
                cwd=self.directory, check=False,
            )  # fmt: skip
        assert ended.returncode == 0, log.read_text()


@cache
def _initialized(major: int, bin_dir: Path) -> Cluster:
    """Return a server that is never started: to copy its files takes a tenth of making them."""
    cluster = Cluster(major, bin_dir)
    cluster._run("initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
    (cluster.data_dir / "pg_hba.conf").write_text(_HBA)
    atexit.register(_remove_own, cluster)
    return cluster


def _remove_own(cluster: Cluster) -> None:
    """Delete what this process has made, not a process that it was forked from."""
    if cluster.owner == os.getpid():
        cluster.remove()


def _place(room: int) -> Path | None:
    """Return where a file costs least: making and deleting databases is most of a server's work."""
    if _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > room:
        return _IN_MEMORY
    return None


def unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _open_to(user: str, directory: Path, bin_dir: Path) -> None:
    shutil.chown(directory, user)
    for ancestor in bin_dir.resolve().parents:
        if not ancestor.stat().st_mode & 0o001:
            ancestor.chmod(ancestor.stat().st_mode | 0o011)
