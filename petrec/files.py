"""Files that are either complete or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from petrec.errors import OutputError


@contextmanager
def atomic_text(path: Path, mode: int = 0o600) -> Iterator[TextIO]:
    """Write beside, then rename; by default readable by the owner alone; errors: OutputError."""
    try:
        path = _replaceable(path)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise write_failed(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            Path(beside).chmod(mode)
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise write_failed(path, error) from error
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


@contextmanager
def atomic_bytes(path: Path) -> Iterator[BinaryIO]:
    """Write beside, then rename; as `atomic_text`."""
    with atomic_text(path) as file:
        yield file.buffer


def _replaceable(path: Path) -> Path:
    """A rename would take the place of a device such as /dev/null, or of a link."""
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is not a regular file", hint="name a file to write")
    return path.resolve() if path.is_symlink() else path


def make_directory(path: Path) -> None:
    """Make a directory where there is none; errors: OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(path, error) from error


def write_failed(path: Path, error: OSError) -> OutputError:
    """Return the error that says why a file could not be written."""
    hint = "choose a directory that exists and that you may write to"
    return OutputError(f"cannot write {path}: {error.strerror}", hint=hint)
