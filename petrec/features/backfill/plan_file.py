"""A plan that was made elsewhere: recordings and their pets, as CSV or as JSON lines.

The lines are kept in a file on disk, since a plan may have any number of them.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from petrec.documents.read_csv import UnreadableCsvError, read_csv
from petrec.documents.spool import chunks, open_scratch
from petrec.errors import UsageError
from petrec.features.backfill.plan_faults import PlanFaults
from petrec.files import open_text
from petrec.postgres.ids import stored_ids
from petrec.schema import Schema

REQUIRED = ("recording_id", "pet_id")
COLUMNS = (*REQUIRED, "confidence", "reason")
AT_ONCE = 2_000
# Many faults have one cause: the rest of the file is not checked.
_ENOUGH = 1_000
_GIVEN = "CREATE TABLE given (line INTEGER PRIMARY KEY, recording TEXT, pet TEXT)"
_PLANNED = "CREATE TABLE planned (recording TEXT PRIMARY KEY, line INTEGER, pet TEXT)"
_LINES = ("SELECT line, recording, pet FROM given ORDER BY line",
          "SELECT line, recording, pet FROM planned ORDER BY line")  # fmt: skip
_PLAN = "INSERT OR IGNORE INTO planned VALUES (?, ?, ?)"
_HELD = "CREATE TABLE held (recording TEXT PRIMARY KEY)"
_PET = "SELECT pet FROM planned WHERE recording = ?"
PlannedLine = tuple[int, str, str]


class _JsonLine(msgspec.Struct):
    recording_id: str | int
    pet_id: str | int


@dataclass
class PlanFile:
    """The lines of a plan; those that cannot be used are collected in `faults`."""

    path: Path
    digest: str = ""
    faults: PlanFaults = field(default_factory=PlanFaults)
    _scratch: sqlite3.Connection = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the file; errors: UsageError."""
        self._scratch = open_scratch(self, _GIVEN, _PLANNED, _HELD)
        try:
            if not self.path.is_file():
                raise UsageError(f"there is no file {self.path}", hint="name a plan: CSV or JSONL")
            if self.path.suffix.lower() == ".json":
                hint = "write one object a line and name it .jsonl"
                raise UsageError(f"{self.path} is JSON, not a plan of lines", hint=hint)
            self.digest = self._digest()
            is_json = self.path.suffix.lower() in {".jsonl", ".ndjson"}
            self._add(self._json_lines() if is_json else self._csv_lines())
            if self._digest() != self.digest:
                raise UsageError(f"{self.path} has changed while it was read", hint="try again")
        except UnicodeDecodeError:
            self.faults.add(0, "the file is not UTF-8")
        except UnreadableCsvError as error:
            self.faults.add(error.line, error.reason)
        except OSError as error:
            raise UsageError(f"cannot read {self.path}: {error.strerror}") from error

    def check(self, connection: Connection, schema: Schema) -> None:
        """Check the ids by the types of their columns; errors: UsageError with the faults."""
        self._scratch.execute("DELETE FROM planned")
        columns = (schema.recordings.c.id, schema.pets.c.id)
        for chunk in chunks(self._scratch.execute(_LINES[0]), AT_ONCE):
            if self.faults.count >= _ENOUGH:
                self.faults.add(chunk[0][0], "this line and those below were not checked")
                break
            known = [
                stored_ids(connection, column, (str(line[place]) for line in chunk))
                for place, column in enumerate(columns, start=1)
            ]
            for number, *ids in chunk:
                for name, text, normal, column in zip(REQUIRED, ids, known, columns, strict=True):
                    if text not in normal:
                        self.faults.add(number, f"{name} is not an id of type {column.type}")
                if all(text in normal for text, normal in zip(ids, known, strict=True)):
                    self._plan(number, known[0][ids[0]], known[1][ids[1]])
        if self.faults.count:
            raise UsageError(
                self.faults.describe(self.path), hint="correct these lines; nothing was written"
            )

    def __iter__(self) -> Iterator[PlannedLine]:
        """Yield number, recording and pet of each line that was checked."""
        return iter(self._scratch.execute(_LINES[1]))

    def add_held(self, recordings: Iterable[str]) -> None:
        """Remember the recordings whose lines hold, as judged before the run is planned."""
        self._scratch.executemany(
            "INSERT OR IGNORE INTO held VALUES (?)", ((each,) for each in recordings)
        )

    def remove_held(self, recordings: Iterable[str]) -> None:
        """Remove recordings that the run has planned from those whose lines held."""
        self._scratch.executemany(
            "DELETE FROM held WHERE recording = ?", ((each,) for each in recordings)
        )

    def count_held(self) -> int:
        """Return how many lines held of which no run has planned the recording."""
        return int(self._scratch.execute("SELECT count(*) FROM held").fetchone()[0])

    def _plan(self, number: int, recording: str, pet: str) -> None:
        row = (recording, number, pet)
        if not self._scratch.execute(_PLAN, row).rowcount:
            (earlier,) = self._scratch.execute(_PET, (recording,)).fetchone()
            pets = "" if pet == earlier else " with another pet"
            self.faults.add(number, f"an earlier line has the same recording{pets}")

    def _digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _add(self, lines: Iterable[PlannedLine]) -> None:
        for number, recording, pet in lines:
            if recording and pet:
                self._scratch.execute(
                    "INSERT INTO given VALUES (?, ?, ?)", (number, recording, pet)
                )
            else:
                self.faults.add(number, f"{REQUIRED[bool(recording)]} is empty")

    def _csv_lines(self) -> Iterator[PlannedLine]:
        table = read_csv(self.path, COLUMNS)
        for name in REQUIRED:
            if (times := list(table.header).count(name)) != 1:
                self.faults.add(
                    table.header_line, f"the header has {times} columns {name}, not one"
                )
        if self.faults.count:
            return
        places = [list(table.header).index(name) for name in REQUIRED]
        for number, cells in table.lines:
            if len(cells) > len(table.header):
                self.faults.add(number, "the line has more cells than the header")
            elif any(cell.strip() for cell in cells):
                padded = [*cells, *[""] * (len(table.header) - len(cells))]
                yield number, *(padded[place].strip() for place in places)  # type: ignore[misc]

    def _json_lines(self) -> Iterator[PlannedLine]:
        with open_text(self.path) as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    try:
                        line = msgspec.json.decode(text, type=_JsonLine)
                    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
                        self.faults.add(number, str(error))
                        continue
                    yield number, str(line.recording_id).strip(), str(line.pet_id).strip()
