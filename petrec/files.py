"""Files that are either complete or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from petrec.errors import OutputError


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """Write beside, then rename; readable by the owner alone; errors: OutputError."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _failed(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise _failed(path, error) from error
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def make_directory(path: Path) -> None:
    """Make a directory where there is none; errors: OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> OutputError:
    hint = "choose a directory that exists and that you may write to"
    return OutputError(f"cannot write {path}: {error.strerror}", hint=hint)
