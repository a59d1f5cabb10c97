"""Where results, remarks and progress go: data to stdout or a file, the rest to stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from petrec.cli.words import worded, worded_document
from petrec.documents.formats import Format, render

if TYPE_CHECKING:
    from petrec.documents.document import Document

# The results of a command that a fleet runs: they become part of the fleet's own.
collected: ContextVar["list[Document] | None"] = ContextVar("collected", default=None)


@contextmanager
def open_output(path: Path | None) -> Iterator[TextIO]:
    """Yield standard output, or a file that is written completely or not at all."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    from petrec.files import atomic_text

    with atomic_text(path) as file:
        yield file


def show(document: "Document", output_format: Format, path: Path | None) -> None:
    """Render a result to its destination; in a fleet, also collect it instead of printing it."""
    result, results = worded_document(document), collected.get()
    if results is not None:
        results.append(result)
    if results is None or path is not None:
        with open_output(path) as out:
            render(result, output_format, out)


def append(document: "Document", output_format: Format, path: Path) -> None:
    """Add a result to the end of a file that others write to, too; errors: OutputError."""
    from petrec.files import write_failed

    try:
        with path.open("a", encoding="utf-8") as out:
            render(worded_document(document), output_format, out)
    except OSError as error:
        raise write_failed(path, error) from error


def remark(text: str, *, quiet: bool = False) -> None:
    """Write a message for a person, which is not data."""
    if not quiet:
        sys.stderr.write(worded(text) + "\n")
