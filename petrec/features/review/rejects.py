"""Refused lines beside their file, with the reason, ready to be repaired and imported."""

from pathlib import Path

from petrec.documents.as_csv import write_rows
from petrec.features.review.check import Checked
from petrec.features.review.rows import COLUMNS
from petrec.files import atomic_text, keep_beside

_REASON = "problem"


def write_rejects(checked: Checked) -> list[str]:
    """Write one CSV for each file that has refused lines; returns their names."""
    files = dict.fromkeys(p.place.file for p in checked.problems if p.place in checked.rows)
    return [_write(file, checked) for file in files]


def _write(file: str, checked: Checked) -> str:
    path = Path(f"{file}.rejects.csv")
    rows: list[tuple[str, ...]] = []
    for problem in checked.problems:
        if problem.place.file == file and problem.place in checked.rows:
            row = checked.rows[problem.place]
            rows.append((*(row.get(column, "") for column in COLUMNS), str(problem)))
    # What stands there may have been repaired by a person, and not yet been imported.
    with atomic_text(path, before=keep_beside) as out:
        write_rows((*COLUMNS, _REASON), rows, out, bom=True)
    return str(path)
