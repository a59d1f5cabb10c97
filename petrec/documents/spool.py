"""Lists that are kept on disk, since a file of decisions may have any number of lines."""

import os
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")
_SIZE = 4


class Spool(Generic[Item]):
    """Items in a temporary file, in the order in which they were added; it goes with the object."""

    def __init__(self, kind: type[Item], items: Iterable[Item] = ()) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the object
        self._count = 0
        weakref.finalize(self, self._file.close)
        for item in items:
            self.append(item)

    def append(self, item: Item) -> None:
        """Add an item; errors: OSError."""
        data = self._encoder.encode(item)
        self._file.write(len(data).to_bytes(_SIZE, "big") + data)
        self._count += 1

    def __len__(self) -> int:
        """Return the number of items."""
        return self._count

    def __iter__(self) -> Iterator[Item]:
        """Yield the items; several readers do not disturb each other."""
        self._file.flush()
        at, file = 0, self._file.fileno()
        for _ in range(self._count):
            size = int.from_bytes(os.pread(file, _SIZE, at), "big")
            yield self._decoder.decode(os.pread(file, size, at + _SIZE))
            at += _SIZE + size


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items of a long list in lists of a bounded length."""
    each = iter(items)
    while chunk := list(islice(each, size)):
        yield chunk


def open_scratch(owner: object, *tables: str) -> sqlite3.Connection:
    """Return a database of these tables in a temporary file, which goes with the owner."""
    # An empty name is a private file: https://sqlite.org/inmemorydb.html
    scratch = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    weakref.finalize(owner, scratch.close)
    for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", *tables, "BEGIN"):
        scratch.execute(statement)
    return scratch
