"""Disk space: readable sizes, what index builds need, and what is free.

All units are multiples of 1,024, as in PostgreSQL.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from petrec.phrases import Phrase, Phrased

STATED = "stated"
_UNITS = ("B", "kB", "MB", "GB", "TB")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", re.IGNORECASE)
# PostgreSQL's page layout: a leaf entry is a header of 8 bytes, the key, each column aligned to 8
# bytes, and a line pointer of 4; a leaf page is filled to 90 %, the pages above add about 1 %.
# https://www.postgresql.org/docs/current/btree.html#BTREE-STRUCTURE
_HEADER, _POINTER, _ALIGNED = 8, 4, 8
_FILL = 1.15
_LEAST = 2 * 8192


def as_size(size: int) -> str:
    """Return a number of bytes in the largest unit that fits."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.{0 if unit == 0 else 1}f} {_UNITS[unit]}"


def to_bytes(text: str) -> int:
    """Return the bytes that a text such as 20GB, 512 MB or 1.5T means; errors: ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size such as 20GB or 512MB")
    return int(float(found[1]) * 1024 ** ["", "k", "m", "g", "t"].index(found[2].lower()))


def index_bytes(rows: int, table_bytes: int, widths: Iterable[int]) -> int:
    """Return an upper bound for the bytes of a new B-tree index on columns of these widths.

    Deduplication can make it smaller. A table that was never analysed has no row count; no index
    here is larger than its table.
    """
    if not rows:
        return table_bytes
    key = sum(-(-width // _ALIGNED) * _ALIGNED for width in widths)
    return _LEAST + int(rows * (_HEADER + key + _POINTER) * _FILL)


class FileSystem(Struct, frozen=True):
    """The needed and the free space of one file system, in bytes; `place` is a path, or STATED."""

    place: str
    needed: int
    free: int

    @property
    def sentence(self) -> str:
        """Return how much is free where."""
        if self.place == STATED:
            return f"{as_size(self.free)} is free, as given"
        return f"{as_size(self.free)} is free in {self.place}"


class DiskNeed(Struct, frozen=True):
    """The most that builds need, in bytes; `rooms` is empty if the free space is unknown.

    The indexes stay; builds run one at a time, so only the largest sort and WAL count.
    """

    indexes: int = 0
    sort: int = 0
    wal: int = 0
    rooms: tuple[FileSystem, ...] = ()

    @property
    def total(self) -> int:
        """Return the total space needed on all file systems."""
        return self.indexes + self.sort + self.wal

    @property
    def is_unknown(self) -> bool:
        """Return whether space is needed and the free space is unknown."""
        return bool(self.total) and not self.rooms

    @property
    def lacking(self) -> FileSystem | None:
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
            return Phrased(Phrase.FREE_SPACE_UNKNOWN, needs=self.needs)
        verdict = ["apply will refuse, because this is too little"] if self.lacking else []
        return "; ".join([self.needs, *(room.sentence for room in self.rooms), *verdict])
