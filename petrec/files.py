"""Files that are written completely or not at all."""

import codecs
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, TextIO

from petrec.errors import OutputError

# A new file may be read by its owner alone.
PRIVATE = 0o600
Before = Callable[[Path], object]


@contextmanager
def atomic_text(
    path: Path, mode: int | None = None, *, before: Before | None = None
) -> Iterator[TextIO]:
    """Write a temporary file, then rename it; errors: OutputError.

    `mode` is the file's mode; by default that of the file replaced, or PRIVATE for a new one.
    `before` is called with the path just before the rename, and may refuse it.
    /dev/stdout and other open descriptors receive the whole text at the end.
    """
    try:
        real = _target(path)
        streamed = _is_stream(path)
        if real.exists() and not real.is_file() and not streamed:
            kind = "a directory" if real.is_dir() else "not a regular file"
            raise OutputError(f"{path} is {kind}", hint="name a file to write")
        directory = Path(tempfile.gettempdir()) if streamed else real.parent
        handle, beside = tempfile.mkstemp(dir=directory, prefix=f".{real.name}.")
    except OSError as error:
        raise write_failed(path, error) from error
    finish = _pour if streamed else _replace
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if before is not None and not streamed:
            before(real)
        finish(Path(beside), path if streamed else real, mode)
    except OSError as error:
        raise write_failed(path, error) from error
    finally:
        Path(beside).unlink(missing_ok=True)


@contextmanager
def atomic_bytes(
    path: Path, mode: int | None = None, *, before: Before | None = None
) -> Iterator[BinaryIO]:
    """Write a temporary file, then rename it; see `atomic_text`."""
    with atomic_text(path, mode, before=before) as file:
        yield file.buffer


def _target(path: Path) -> Path:
    """Return the target of a symbolic link; errors: OSError for a circle of links."""
    real = Path(os.path.realpath(path)) if path.is_symlink() else path
    if real.is_symlink():
        real.stat()
    return real


def _is_stream(path: Path) -> bool:
    """Return whether a path is an open descriptor, a terminal or /dev/null."""
    leads = {each.parent for each in (path.absolute(), *_links(path.absolute()))}
    return bool(leads & {Path("/dev/fd"), Path("/proc/self/fd")}) or path.is_char_device()


def _links(path: Path) -> Iterator[Path]:
    """Yield the targets of a symbolic link, link by link."""
    for _ in range(10):
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))
        yield path


def _pour(written: Path, stream: Path, _: int | None) -> None:
    with written.open("rb") as source, stream.open("ab", buffering=0) as out:
        shutil.copyfileobj(source, out)


def _replace(written: Path, path: Path, mode: int | None) -> None:
    written.chmod(PRIVATE if mode is None else mode)
    if mode is None and path.exists():
        _keep_access(written, path.stat())
    written.replace(path)


def _keep_access(written: Path, old: os.stat_result) -> None:
    """Copy group and mode of a file to another; without the group, give no group rights."""
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if written.stat().st_gid != old.st_gid:
        try:
            os.chown(written, -1, old.st_gid)
        except OSError:
            mode &= ~0o070
    with suppress(PermissionError):
        os.chown(written, old.st_uid, -1)
    written.chmod(mode)


def decode_text(content: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8; errors: UnicodeDecodeError."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    # A program that does not know the mark may have kept it as a character and put another before.
    return content.decode("utf-8").lstrip("\ufeff")


def read_text(path: Path) -> str:
    """Return a text with only line feeds, whatever line ends an editor or git has written.

    Errors: OSError, UnicodeDecodeError.
    """
    text = decode_text(path.read_bytes())
    return text.replace("\r\n", "\n").replace("\r", "\n")


def open_text(path: Path) -> TextIO:
    """Open a text of any length as `read_text` reads it; invalid bytes are replaced.

    Errors: OSError.
    """
    with path.open("rb") as file:
        utf16 = file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    text = path.open(encoding="utf-16" if utf16 else "utf-8-sig", errors="replace")
    start = text.tell()
    while text.read(1) == "\ufeff":
        start = text.tell()
    text.seek(start)
    return text


def keep_beside(path: Path) -> Path | None:
    """Keep a file as `NAME.bak-1`, `NAME.bak-2`, ..., the first free name; returns that name.

    None if there is no file. Errors: OSError.
    """
    if not path.exists():
        return None
    for number in count(1):
        kept = path.with_name(f"{path.name}.bak-{number}")
        try:
            _link_or_copy(path, kept)
        except FileExistsError:
            continue
        return kept
    raise AssertionError  # pragma: no cover - count() has no end


def _link_or_copy(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no hard links.
        with path.open("rb") as source, kept.open("xb") as out:
            shutil.copyfileobj(source, out)
            os.fsync(out.fileno())
        shutil.copystat(path, kept)


def make_directory(path: Path) -> None:
    """Create a directory unless it exists; errors: OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(path, error) from error


def try_directory(path: Path) -> None:
    """Check that files, or the directory itself, can be created; errors: OutputError."""
    above = path
    while not above.exists() and above != above.parent:
        above = above.parent
    try:
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise write_failed(path, error) from error


def write_failed(path: Path, error: OSError) -> OutputError:
    """Return the error with the reason why a file could not be written."""
    hint = "choose a directory that exists and is writable"
    return OutputError(f"cannot write {path}: {error.strerror}", hint=hint)
