"""Only one report at a time uses a history."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from petrec.errors import OutputError
from petrec.files import write_failed


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file beside `path`; the system releases it even if the process is killed."""
    try:
        import fcntl  # noqa: PLC0415 - not on every platform
    except ImportError:  # pragma: no cover - Windows: the rename alone keeps the file whole
        yield
        return
    beside = path.with_name(f".{path.name}.lock")
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise write_failed(path, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "wait for it, or use a separate history for each job"
            raise OutputError(f"another report is writing {path}", hint=hint) from error
        yield
    finally:
        os.close(handle)
