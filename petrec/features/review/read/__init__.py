"""Decisions from files, in any of the formats that an export has, each line with its place."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from petrec.errors import UsageError
from petrec.features.review.read import json_file, xlsx_file
from petrec.features.review.read.entry import Reading
from petrec.features.review.read.table import Table, UnreadableFile, csv_tables, read_table

_TABLES: dict[str, Callable[[Path], Iterator[Table]]] = {
    ".csv": csv_tables,
    ".tsv": csv_tables,
    ".txt": csv_tables,
    ".xlsx": xlsx_file.tables,
}


def read_files(paths: Sequence[Path], reviewer: str) -> Reading:
    """Read all files; a wrong line becomes a problem. Errors: UsageError.

    `reviewer` applies to lines that name nobody.
    """
    reading = Reading(reviewer)
    for path in paths:
        suffix = path.suffix.lower()
        if suffix not in {*_TABLES, ".json"}:
            known = ", ".join([*_TABLES, ".json"])
            raise UsageError(
                f"{path} must end in one of: {known}",
                hint="import a file that petrec review export has written",
            )
        try:
            if not path.is_file():
                raise UsageError(f"there is no file {path}")
            _read(path, suffix, reading)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return reading


def _read(path: Path, suffix: str, reading: Reading) -> None:
    if suffix == ".json":
        json_file.read(path, reading)
        return
    mine = reading.part()
    try:
        if suffix == ".xlsx":
            mine.reviewer = xlsx_file.reviewer_of(path) or reading.reviewer
        for table in _TABLES[suffix](path):
            read_table(mine, table)
    except UnreadableFile as error:
        mine.refuse(error.place, "", error.reason)
    reading.add(mine)
