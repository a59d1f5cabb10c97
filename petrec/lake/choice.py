"""Which files are read, and by which engine; nothing is opened yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from petrec.extras import need_extra

# The name of threads that work on after a signal; only the end of the process ends them.
LEFT_BEHIND = "petrec-left-behind"


class FileEngine(StrEnum):
    """The engines by the names that users choose them by."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@dataclass(frozen=True)
class Lake:
    """Exports of the tables: a directory, or a pattern with {table} in it; who reads them.

    Spark runs on the cluster `master`, by default on this machine, or in a `session` of the caller.
    """

    source: str
    engine: FileEngine = FileEngine.DUCKDB
    master: str = ""
    session: Any = None

    @property
    def cluster(self) -> str:
        """Return the address of Spark's cluster; empty for this machine."""
        if self.session is None:
            return self.master
        return str(self.session.conf.get("spark.master", ""))

    def need_packages(self) -> None:
        """Check that the engine is installed; errors: UsageError."""
        need_extra("reading files", "lake", "duckdb", "sqlglot")
        if self.engine is FileEngine.SPARK:
            need_extra("Spark", "spark", "pyspark")
