"""The formats by name; a renderer is imported only when it is asked for."""

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from petrec.documents.document import Document


class Format(StrEnum):
    """The formats that a result can be rendered in."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def render(document: "Document", output_format: Format, out: TextIO) -> None:
    """Write the document to `out`."""
    import_module(f"petrec.documents.as_{output_format}").write(document, out)
