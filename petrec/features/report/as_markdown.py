"""The report as GitHub-flavoured Markdown."""

from typing import TextIO

from petrec.documents import Format, render
from petrec.features.report.result import ReportResult


def write(result: ReportResult, out: TextIO) -> None:
    """Write the report's tables."""
    render(result.document(), Format.MARKDOWN, out)
