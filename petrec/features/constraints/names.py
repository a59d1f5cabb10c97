"""Names as PostgreSQL keeps them, and as parts of statements."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from petrec.postgres.identifiers import quoted
from petrec.settings import Mapping

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext

LONGEST = 63


class Name(sql.Composable):
    """A name with or without its schema; quoted only if needed."""

    def __init__(self, *parts: str) -> None:
        super().__init__(parts)

    @property
    def bare(self) -> str:
        """Return the name itself, as the catalog has it."""
        return str(self._obj[-1])

    @property
    def schema(self) -> str:
        """Return the schema of a qualified name."""
        return str(self._obj[0])

    def beside(self, name: str) -> "Name":
        """Return another name in the same schema."""
        return Name(self.schema, name)

    def as_bytes(self, context: "AdaptContext | None" = None) -> bytes:  # noqa: ARG002 - psycopg's
        """Return the name for SQL."""
        return str(self).encode()

    def __str__(self) -> str:
        return ".".join(map(quoted, self._obj))

    def __hash__(self) -> int:
        return hash(self._obj)


class Placeholder(Name):
    """A placeholder for a name that a row of a query provides when a revision runs."""

    def __str__(self) -> str:
        return f"{{{self.bare}}}"


def template(part: sql.Composable) -> str:
    """Return SQL in which only placeholders are in single braces."""
    if isinstance(part, Placeholder):
        return str(part)
    if isinstance(part, sql.Composed):
        return "".join(map(template, part))
    return part.as_string(None).replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class Names:
    """Physical names of what the mapping names logically."""

    mapping: Mapping

    def table(self, logical: str) -> Name:
        """Return the qualified name of a table."""
        return self.in_schema(self.mapping.table(logical))

    def in_schema(self, name: str) -> Name:
        """Return a qualified name."""
        return Name(self.mapping.schema, name)

    def column(self, table: str, logical: str) -> Name:
        """Return the name of a column."""
        return Name(self.mapping.column(table, logical))

    def columns(self, table: str, logical: tuple[str, ...]) -> tuple[Name, ...]:
        """Return the names of columns."""
        return tuple(self.column(table, column) for column in logical)


def cut(name: str, longest: int = LONGEST) -> str:
    """Return the name cut to this many bytes, between two characters, as the server does."""
    return name.encode()[:longest].decode(errors="ignore")


def joined(stem: str, ending: str) -> str:
    """Return `stem` with `ending`, which stays whole; the stem is cut as far as needed."""
    return cut(stem, LONGEST - len(ending.encode())) + ending


def unlike_others(name: str, stem: str) -> str:
    """Return a name that fits, or `stem` with a digest of it where it is too long."""
    if len(name.encode()) <= LONGEST:
        return name
    return joined(stem, f"_{hashlib.sha256(name.encode()).hexdigest()[:12]}")


def part_index(part: str, whole: str) -> str:
    """Return the name of a partition's index: like petrec's own, never like the server's."""
    name = f"idx_{part}_{whole.removeprefix('idx_').removeprefix('recordings_')}"
    return unlike_others(name, whole)
