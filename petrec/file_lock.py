"""Only one command at a time uses a file: a report its history, a fleet its outcomes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from petrec.errors import OutputError
from petrec.files import write_failed


@contextmanager
def locked(path: Path, user: str, hint: str) -> Iterator[None]:
    """Hold a lock file beside `path`; the system releases it even if the process is killed.

    Errors: OutputError that another `user`, such as a report, has it.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every platform
    except ImportError:  # pragma: no cover - Windows: the rename alone keeps the file whole
        yield
        return
    beside = path.with_name(f".{path.name.lstrip('.')}.lock")
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise write_failed(path, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"another {user} is writing {path}", hint=hint) from error
        yield
    finally:
        os.close(handle)
