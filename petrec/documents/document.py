"""The neutral form of a result: what a renderer needs, for every command."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

SCHEMA_VERSION = 1
# The severity of an error that kept a command from a result.
UNDETERMINED = "undetermined"

Cell = str | int | float | None


@dataclass(frozen=True)
class Grid:
    """A titled table; numbers stay numbers so that a renderer can align and encode them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def is_numeric(self, index: int) -> bool:
        """Return whether a column holds numbers, some of which may be missing."""
        kinds = {type(row[index]) for row in self.rows} - {type(None)}
        return bool(kinds) and kinds <= {int, float}


@dataclass(frozen=True)
class Finding:
    """One rule's outcome, findings or not: what a CI renderer reports per rule, never per row.

    `severity` is error, undetermined, warning, or off for a rule that was not checked. `count` is
    how many break the rule, 0 if none; an empty `unit` means that the message is all there is.
    """

    rule: str
    severity: str
    count: int
    message: str
    help: str = ""
    unit: str = "recordings"

    @property
    def fails(self) -> bool:
        """Return whether this is an error and not only a warning."""
        return self.count > 0 and self.severity in {"error", UNDETERMINED}

    @property
    def sentence(self) -> str:
        """Return how many of what, and what is wrong with them."""
        if not self.unit:
            return self.message
        unit = self.unit.removesuffix("s") if self.count == 1 else self.unit
        return f"{self.count} {unit}: {self.message}"


class Result(Struct, frozen=True, kw_only=True):
    """What a command found or did; a field `command` names it in the machine-readable form."""

    schema_version: int = SCHEMA_VERSION

    def document(self) -> "Document":
        """Return the form for rendering."""
        raise NotImplementedError


@dataclass(frozen=True)
class Document:
    """A result ready for rendering; `payload` is the complete machine-readable form.

    `place` is database, host and role, where the result is of a command that writes.
    `remarks` tell which part of the database the result is about: what is ignored, filtered or
    trusted. Every format repeats them.
    `one_snapshot` is whether all rows were read as of one moment, which several nodes cannot do.
    `parts` are the documents of a fleet's targets, for formats that show each of them.
    """

    command: str
    title: str
    payload: Any
    grids: tuple[Grid, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    place: str = ""
    one_snapshot: bool = True
    parts: tuple["Document", ...] = ()
