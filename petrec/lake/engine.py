"""What an engine that reads files has to offer."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from petrec.errors import SchemaMismatchError
from petrec.lake.alike import FileTypes
from petrec.lake.dialects import EngineDialect


class FileFormat(StrEnum):
    """The formats of files, by the ends of their names."""

    PARQUET = "parquet"
    CSV = "csv"


class TableFiles(NamedTuple):
    """The files of one table; those that are `alike` are known to have the same columns."""

    format: FileFormat
    paths: Sequence[str]
    alike: bool = False

    @property
    def to_look_at(self) -> Sequence[str]:
        """Return the files whose columns are those of all."""
        return self.paths[:1] if self.alike else self.paths


class View(NamedTuple):
    """A table to register: its files, each column with what is done to it, its rows.

    The values of `columns` and the condition are in the engine's own SQL, as are those of
    `respelled`: what is done to some of the columns after that, in the rows that count.
    """

    table: str
    files: TableFiles
    columns: Mapping[str, str]
    condition: str = ""
    respelled: Mapping[str, str] = MappingProxyType({})

    @property
    def name(self) -> str:
        """Return the engine's name of the table."""
        return view_name(self.table)

    @property
    def condition_on_read(self) -> bool:
        """Return whether the condition is on the values as they are read, not on the files' own.

        In CSV, NULL and text can only be distinguished after reading.
        """
        return self.files.format is FileFormat.CSV


def view_name(table: str) -> str:
    """Return the engine's name of a table, which needs no quotes."""
    return f"petrec_{table}"


def check_apart(tables: Iterable[tuple[str, Hashable]], hint: str) -> None:
    """Check that no two tables are one in the database; errors: SchemaMismatchError.

    A view has the rows and columns of one of them.
    """
    seen: dict[Hashable, str] = {}
    for name, table in tables:
        if table in seen:
            reason = f"{seen[table]} and {name} are one table, which only PostgreSQL reads as both"
            raise SchemaMismatchError(reason, hint=hint)
        seen[table] = name


class Engine(Protocol):
    """An open engine; every error of its own is raised as petrec's."""

    title: str
    version: str
    dialect: EngineDialect

    def find(self, address: str) -> Sequence[str]:
        """Return the addresses of the files that a URL stands for; none if nothing is there."""

    def types(self, files: TableFiles) -> FileTypes:
        """Return the columns of each file with their types, by PostgreSQL's names of types."""

    def register(self, view: View) -> None:
        """Make the files a view that queries can name."""

    def stream(self, sql: str) -> AbstractContextManager[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows of any number."""
