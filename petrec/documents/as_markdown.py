"""GitHub-flavoured Markdown."""

from typing import TextIO

from petrec.documents.document import Cell, Document, Grid
from petrec.documents.safe_text import plain

_ESCAPES = str.maketrans(
    {
        "|": r"\|",
        "\\": r"\\",
        "<": "&lt;",
        ">": "&gt;",
        "&": "&amp;",
        "`": r"\`",
        "*": r"\*",
        "_": r"\_",
        "[": r"\[",
        "]": r"\]",
        "~": r"\~",
        "$": r"\$",
    }
)


def write(document: Document, out: TextIO) -> None:
    """Write a heading, the place, the grids, the remarks and the notes."""
    out.write(f"## petrec {document.command}: {_cell(document.title)}\n")
    if document.place:
        out.write(f"\n{_cell(document.place)}\n")
    for grid in filter(lambda grid: grid.rows, document.grids):
        _write_grid(grid, out)
    out.writelines(f"\n{_cell(note)}\n" for note in (*document.remarks, *document.notes))


def _write_grid(grid: Grid, out: TextIO) -> None:
    numeric = map(grid.is_numeric, range(len(grid.columns)))
    rule = ("---:" if number else "---" for number in numeric)
    header = " | ".join(map(_cell, grid.columns))
    out.write(f"\n### {_cell(grid.title)}\n\n| {header} |\n| {' | '.join(rule)} |\n")
    out.writelines(f"| {' | '.join(map(_cell, row))} |\n" for row in grid.rows)


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "" if value is None else plain(str(value)).translate(_ESCAPES)
