"""What a review export wrote."""

from msgspec import Struct

from petrec.documents.document import SCHEMA_VERSION, Document, Grid


class ReviewExport(Struct, frozen=True):
    """The files written from one snapshot, and how many cases of each kind they hold."""

    files: tuple[str, ...]
    kinds: dict[str, int]
    inferable: int = 0
    kept: tuple[str, ...] = ()
    command: str = "review export"
    schema_version: int = SCHEMA_VERSION

    @property
    def cases(self) -> int:
        """Return how many recordings need a person."""
        return sum(self.kinds.values())

    def document(self) -> Document:
        """Return the form for rendering."""
        notes = [f"written: {', '.join(self.files)}"]
        if self.kept:
            notes.append(f"what was there is kept as: {', '.join(self.kept)}")
        if self.inferable:
            notes.append(
                f"{self.inferable} recordings have certain evidence: petrec backfill --apply does "
                "them without a person, and should come before decisions are imported"
            )
        grid = Grid("Cases by kind", ("kind", "cases"), tuple(self.kinds.items()))
        title = f"{self.cases} recordings need a person"
        return Document(self.command, title, self, (grid,), notes=tuple(notes))
