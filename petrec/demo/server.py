"""A PostgreSQL server for the demo; it keeps running after the process that started it."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from petrec.demo import lockfile, wheel
from petrec.errors import DemoUnavailableError

DATABASE = "clinic"
USER = "postgres"
STOP_TIMEOUT_S = 60
_MARKER = ".petrec-demo"
_START_LOG = "start.log"
# The wheel hands the path to a shell and to a comma-separated server setting, unquoted.
_UNSAFE = re.compile(r"[^\w@%+=:./-]")
_FAILURES = (OSError, subprocess.SubprocessError, AssertionError, RuntimeError, ValueError)
_DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
_CREATE = sql.SQL(
    "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
    " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
)


@dataclass(frozen=True)
class DemoServer:
    """A running server; `host` is its socket directory or its address."""

    directory: Path
    host: str
    port: int

    @property
    def dsn(self) -> str:
        """Return the URL of the demo database."""
        return self.url(DATABASE)

    def url(self, database: str) -> str:
        """Return a URL for libpq, without a password, which the server does not need."""
        name = quote(database, safe="")
        if self.host.startswith("/"):
            return f"postgresql://{USER}@:{self.port}/{name}?host={quote(self.host)}"
        return f"postgresql://{USER}@{self.host}:{self.port}/{name}"

    def create_database(self, name: str = DATABASE) -> str:
        """Drop the database if it exists, create it again and return its URL."""
        with psycopg.connect(self.url(USER), autocommit=True) as connection:
            connection.execute(_DROP.format(sql.Identifier(name)))
            connection.execute(_CREATE.format(sql.Identifier(name)))
        return self.url(name)


def place(directory: Path) -> Path:
    """Return the directory of the server's files: another one if the wheel cannot use the path."""
    directory = directory.expanduser().resolve()
    if not _UNSAFE.search(str(directory)):
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    elsewhere = Path(tempfile.gettempdir()).resolve() / f"petrec-demo-{name}"
    # Anyone may create files there: use only our own.
    if os.path.lexists(elsewhere) and elsewhere.lstat().st_uid != os.geteuid():
        reason = f"{elsewhere} is owned by another user"
        raise DemoUnavailableError(reason, hint="choose a directory without spaces or quotes")
    return elsewhere


def start(directory: Path) -> DemoServer:
    """Start the server of `directory`, or use the running one; errors: DemoUnavailableError."""
    embedded = wheel.load()
    directory = place(directory)
    pgdata = _prepare(directory)
    logged = _length(pgdata / "log")
    with wheel.bounds(embedded, pgdata, directory / _START_LOG):
        try:
            lockfile.clear_stale(pgdata)
            server = _handle(embedded, directory, pgdata)
            psycopg.connect(server.url(USER), connect_timeout=10).close()
        except (*_FAILURES, psycopg.Error) as error:
            raise _did_not_start(directory, pgdata, logged, error) from error
    return server


def stop(directory: Path) -> bool:
    """Stop the server of `directory`; returns whether one ran; errors: DemoUnavailableError."""
    embedded = wheel.load()
    directory = place(directory)
    pgdata = directory / "pgdata"
    with wheel.bounds(embedded, pgdata, directory / _START_LOG):
        try:
            if not lockfile.running(pgdata):
                return False
            # PostgreSQL's programs refuse to run as root: run them as the owner of the data.
            user = pgdata.stat().st_uid if wheel.is_root() else None
            command = ["-w", "-m", "fast", "stop"]
            embedded.pg_ctl(command, pgdata=pgdata, user=user, timeout=STOP_TIMEOUT_S)
        except _FAILURES as error:
            reason = f"the demo server did not stop: {error}"
            raise DemoUnavailableError(reason, hint=f"see {pgdata / 'log'}") from error
    return True


def remove(directory: Path) -> bool:
    """Stop the server and delete the demo's files; returns whether there were any."""
    directory = place(directory)
    if not (directory / _MARKER).exists():
        return False
    stop(directory)
    try:
        if (directory / "pgdata").exists():
            shutil.rmtree(directory / "pgdata")
        (directory / _START_LOG).unlink(missing_ok=True)
        (directory / _MARKER).unlink()
        if not any(directory.iterdir()):
            directory.rmdir()
    except OSError as error:
        raise DemoUnavailableError(f"cannot delete {directory}: {error.strerror}") from error
    return True


def _prepare(directory: Path) -> Path:
    pgdata = directory / "pgdata"
    if found := _UNSAFE.search(str(pgdata)):
        reason = f"the demo server cannot use {directory}: its path contains {found[0]!r}"
        raise DemoUnavailableError(reason, hint="choose a directory without such characters")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if pgdata.exists() and not (directory / _MARKER).exists():
            reason = f"{pgdata} exists and was not made by the demo"
            raise DemoUnavailableError(reason, hint="choose another directory")
        (directory / _MARKER).touch()
    except OSError as error:
        reason = f"cannot write to {directory}: {error.strerror}"
        raise DemoUnavailableError(reason, hint="choose a directory that you own") from error
    return pgdata


def _handle(embedded: Any, directory: Path, pgdata: Path) -> DemoServer:
    # Process ids of killed processes would keep the wheel's handle open after this call.
    (pgdata / ".handle_pids.json").unlink(missing_ok=True)
    handle = embedded.get_server(pgdata, cleanup_mode=None)
    info = handle.get_postmaster_info()
    handle.cleanup()
    if info.socket_dir is None:
        return DemoServer(directory, str(info.hostname), int(info.port))
    # Every local user who reaches the socket would be a superuser.
    info.socket_path.chmod(0o700)
    return DemoServer(directory, str(info.socket_dir), int(info.port))


def _did_not_start(
    directory: Path, pgdata: Path, logged: int, error: Exception
) -> DemoUnavailableError:
    log = pgdata / "log"
    said = _fatal(log, logged)
    named = log if said else directory / _START_LOG
    reason = f"the demo server did not start: {said or error}"
    return DemoUnavailableError(reason, hint=f"see {named}, or choose another directory")


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _fatal(log: Path, offset: int) -> str:
    """Return the last fatal message written to the server's log since `offset`, if any."""
    try:
        text = log.read_bytes()[offset:].decode(errors="replace")
    except OSError:
        return ""
    found = re.findall(r"(?:FATAL|PANIC): +(.+)", text)
    return found[-1] if found else ""
