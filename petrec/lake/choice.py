"""Which files are read, and by which engine; nothing is opened yet."""

from dataclasses import dataclass
from enum import StrEnum


class FileEngine(StrEnum):
    """The engines by the names that users choose them by."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@dataclass(frozen=True)
class Lake:
    """Exports of the tables: a directory, or a pattern with {table} in it; who reads them."""

    source: str
    engine: FileEngine = FileEngine.DUCKDB
