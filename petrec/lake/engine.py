"""What an engine that reads files has to offer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from petrec.lake.dialects import EngineDialect


class FileFormat(StrEnum):
    """The formats of files, by the ends of their names."""

    PARQUET = "parquet"
    CSV = "csv"


class TableFiles(NamedTuple):
    """The files of one table."""

    format: FileFormat
    paths: Sequence[str]


class View(NamedTuple):
    """A table to register: its view, its files, each column with what is done to it, its rows.

    The values of `columns` and the condition are in the engine's own SQL.
    """

    name: str
    files: TableFiles
    columns: Mapping[str, str]
    condition: str = ""


class Engine(Protocol):
    """An open engine; every error of its own is raised as petrec's."""

    title: str
    version: str
    dialect: EngineDialect

    def types(self, files: TableFiles) -> Mapping[str, str]:
        """Return the columns of files with their types, by PostgreSQL's names of types."""

    def register(self, view: View) -> None:
        """Make the files a view that queries can name."""

    def stream(self, sql: str) -> AbstractContextManager[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows of any number."""
