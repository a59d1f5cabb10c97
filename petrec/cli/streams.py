"""Standard streams that may be closed, full or without a reader: each case has one exit code."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from petrec.errors import OutputError, ReaderGoneError

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class DataStream(io.TextIOWrapper):
    """Standard output: a failed write is an OutputError."""

    def write(self, text: str) -> int:
        """Write; errors: OutputError, ReaderGoneError."""
        with _translated():
            return super().write(text)

    def flush(self) -> None:
        """Flush; errors: OutputError, ReaderGoneError."""
        if not self.closed:
            with _translated():
                super().flush()


class RemarkStream(io.TextIOWrapper):
    """Standard error: a failed write must not change what a command does."""

    def write(self, text: str) -> int:
        """Write, if possible."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with suppress(OSError, ValueError):
            super().flush()


def prepare_streams() -> None:
    """Make sure that the process has three open streams, even if its parent has closed some.

    Without this, the next file or socket would take the number of a closed stream, and a remark
    would be written into it. Output to a closed stream still fails: its place is read-only.
    """
    _open_closed(_STDIN, os.O_RDONLY)
    _open_closed(_STDOUT, os.O_RDONLY)
    _open_closed(_STDERR, os.O_WRONLY)
    sys.stdin = sys.stdin or open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = _replaced(sys.stdout, _STDOUT, DataStream)
    sys.stderr = _replaced(sys.stderr, _STDERR, RemarkStream)


def finish_output() -> None:
    """Write out what is buffered; errors: OutputError, ReaderGoneError."""
    sys.stdout.flush()


def discard_output() -> None:
    """Redirect standard output to the null device, so that the last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDOUT)
    os.close(nowhere)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGoneError from None
    except OSError as error:
        raise OutputError(f"cannot write the output: {error.strerror}") from None


def _open_closed(number: int, flags: int) -> None:
    """Open the null device under a free descriptor; lower ones are in use by now."""
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, flags)


def _replaced(stream: Any, number: int, kind: type[io.TextIOWrapper]) -> io.TextIOWrapper:
    """Return the stream wrapped in petrec's class, with its encoding and buffering."""
    if stream is None:
        return kind(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8")
    encoding, errors = stream.encoding, stream.errors
    line_buffering, write_through = stream.line_buffering, stream.write_through
    return kind(
        stream.detach(), encoding, errors,
        line_buffering=line_buffering, write_through=write_through,
    )  # fmt: skip
