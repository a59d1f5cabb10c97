"""The neutral form of a result: what a renderer needs, whatever the command was."""

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1

Cell = str | int | float | None


@dataclass(frozen=True)
class Grid:
    """A titled table; numbers stay numbers so that a renderer can align and encode them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Finding:
    """One rule's outcome, findings or not: what a CI renderer reports per rule, never per row."""

    rule: str
    severity: str
    count: int
    message: str
    help: str = ""


@dataclass(frozen=True)
class Document:
    """A result ready for rendering; `payload` is the complete machine-readable form."""

    command: str
    title: str
    payload: Any
    grids: tuple[Grid, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())
