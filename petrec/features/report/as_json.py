"""The complete report as JSON, from which every other format can be rendered again."""

from typing import TextIO

from petrec.documents import Format, render
from petrec.features.report.result import ReportResult


def write(result: ReportResult, out: TextIO) -> None:
    """Write the whole result."""
    render(result.document(), Format.JSON, out)
