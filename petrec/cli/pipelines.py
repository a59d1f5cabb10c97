"""What pipelines read: annotations and test reports, also of a command that could not decide."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from petrec.cli.options import Printing
from petrec.cli.output import append, show
from petrec.documents.formats import Format
from petrec.errors import ExitCode, OutputError, PetrecError

if TYPE_CHECKING:
    from petrec.documents.document import Document

_READ_BY_PIPELINES = {Format.GITHUB, Format.JUNIT}


@contextmanager
def failures_shown(command: str, printing: Printing) -> Iterator[None]:
    """Write an error in the format that the pipeline reads; then raise it again.

    Without this, an annotation or a report is missing where it is needed most.
    """
    try:
        yield
    except PetrecError as error:
        if printing.output_format in _READ_BY_PIPELINES and error.exit_code in _NAMES:
            with suppress(OutputError):
                document = _failure(command, error)
                show(document, printing.output_format, printing.output)
                summarize(document, printing.output_format)
        raise


def summarize(document: "Document", output_format: Format) -> None:
    """Add a result to the summary of a step of GitHub Actions; errors: OutputError."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if output_format is Format.GITHUB and file:
        append(document, Format.MARKDOWN, Path(file))


_NAMES = {ExitCode.USAGE: "usage", ExitCode.UNDETERMINED: "undetermined"}


def _failure(command: str, error: PetrecError) -> "Document":
    """Return an error as a document with one finding."""
    from petrec.documents.document import UNDETERMINED, Document, Finding

    finding = Finding(_NAMES[error.exit_code], UNDETERMINED, 1, error.reason, error.hint, unit="")
    title = f"exit code {error.exit_code:d}: {error.reason}"
    return Document(command, title, {"command": command}, findings=(finding,))
