"""What an export wrote."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame


class ExportedColumns(StrEnum):
    """NEEDED are those that rules, windows and limits read, MAPPED all that petrec knows."""

    NEEDED = "needed"
    MAPPED = "mapped"


class WrittenTable(Struct, frozen=True):
    """The files of one table: how many rows, files and bytes."""

    name: str
    rows: int
    files: int
    size: int


class TablesExport(Result, frozen=True):
    """One export, from one snapshot."""

    taken_at: datetime
    database: str
    directory: str
    tables: tuple[WrittenTable, ...]
    command: str = "export-tables"

    def frame(self) -> "DataFrame":
        """Return the tables as a data frame."""
        return records_frame(WrittenTable, self.tables)

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple((t.name, t.rows, t.files, t.size) for t in self.tables)
        total = sum(table.rows for table in self.tables)
        taken = f"{self.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        return Document(
            command=self.command,
            title=f"{total} rows of {self.database} exported to {self.directory}",
            payload=self,
            grids=(Grid("Tables", ("table", "rows", "files", "bytes"), rows),),
            notes=(
                f"from one snapshot, {taken}",
                Phrased(Phrase.EXPORT_READ_BY, directory=self.directory),
            ),
        )
