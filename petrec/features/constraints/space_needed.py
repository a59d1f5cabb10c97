"""The disk that index builds need, and what is free."""

from msgspec import Struct

from petrec.features.constraints.sizes import as_size

STATED = "--free-space"


class Room(Struct, frozen=True):
    """What one file system must take and what it has left, bytes; `place` is a path, or STATED."""

    place: str
    needed: int
    free: int

    @property
    def sentence(self) -> str:
        """Return how much is free where."""
        if self.place == STATED:
            return f"{as_size(self.free)} is free, as {STATED} says"
        return f"{as_size(self.free)} is free in {self.place}"


class Space(Struct, frozen=True):
    """What builds need at most, bytes; `rooms` is empty where nobody knows what is free.

    The indexes stay; the largest sort and the largest build's WAL are there one at a time.
    """

    indexes: int = 0
    sort: int = 0
    wal: int = 0
    rooms: tuple[Room, ...] = ()

    @property
    def total(self) -> int:
        """Return all that is needed, wherever it lies."""
        return self.indexes + self.sort + self.wal

    @property
    def is_unknown(self) -> bool:
        """Say whether something is needed and nobody knows what is free."""
        return bool(self.total) and not self.rooms

    @property
    def lacking(self) -> Room | None:
        """Return the first file system that has too little."""
        return next((room for room in self.rooms if room.needed > room.free), None)

    @property
    def needs(self) -> str:
        """Return what is needed, as a sentence; empty where nothing is."""
        if not self.total:
            return ""
        return (
            f"the builds need up to {as_size(self.total)} of disk ({as_size(self.indexes)} for"
            f" indexes, {as_size(self.sort)} to sort, {as_size(self.wal)} of WAL)"
        )

    @property
    def sentence(self) -> str:
        """Return what is needed and what is free; empty where nothing is needed."""
        if not self.total:
            return ""
        if self.is_unknown:
            return f"{self.needs}; free space was not measured, {STATED} states it"
        verdict = ["apply refuses, since this is too little"] if self.lacking else []
        return "; ".join([self.needs, *(room.sentence for room in self.rooms), *verdict])
