"""Decisions from files, in any of the formats that an export has, each line with its place."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from petrec.errors import UsageError
from petrec.extras import need_extra
from petrec.review.read.entry import Reading

READERS = {".csv": "csv_file", ".tsv": "csv_file", ".txt": "csv_file", ".xlsx": "xlsx_file",
           ".json": "json_file"}  # fmt: skip


def read_files(paths: Sequence[Path], reviewer: str) -> Reading:
    """Read all files; what is wrong with a line is a problem. Errors: UsageError.

    `reviewer` is who decided where a file does not say.
    """
    reading = Reading(reviewer)
    for path in paths:
        reader = READERS.get(path.suffix.lower())
        if reader is None:
            known = ", ".join(READERS)
            raise UsageError(f"{path} is none of: {known}", hint="import what was exported")
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        if reader == "xlsx_file":
            need_extra("a workbook", "xlsx", "python_calamine")
        import_module(f"petrec.review.read.{reader}").read(path, reading)
    return reading
