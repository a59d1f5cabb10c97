"""Tables for a person at a terminal, by Rich; plain text off a TTY.

No word is cut and no column is omitted: columns that do not fit beside the others are printed below
their row.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from petrec.documents.document import Cell, Document, Grid
from petrec.documents.safe_text import plain

_PIPE_WIDTH = 160
# Between two columns: a line with a space on either side.
_BETWEEN = 3
_INDENT = 4


def write(document: Document, out: TextIO) -> None:
    """Write the title, the place, the grids, the remarks and the notes; honours NO_COLOR."""
    console = Console(file=out, width=None if out.isatty() else _PIPE_WIDTH, highlight=False)
    console.print(f"[bold]{escape(plain(document.title))}[/bold]")
    if document.place:
        console.print(f"[dim]{escape(plain(document.place))}[/dim]", soft_wrap=True)
    for grid in filter(lambda grid: grid.rows, document.grids):
        console.print()
        write_grid(grid, console)
    notes = (*document.remarks, *document.notes)
    if notes:
        console.print()
    for note in notes:
        console.print(f"[dim]{escape(plain(note))}[/dim]", soft_wrap=True)


def write_grid(grid: Grid, console: Console) -> None:
    """Write one grid in the console's width."""
    texts = [[_text(cell) for cell in row] for row in grid.rows]
    columns = [[name, *(row[i] for row in texts)] for i, name in enumerate(grid.columns)]
    widths = _wrapped_widths(columns, console.width)
    if grid.title:
        console.print(Text(grid.title, style="italic"))
    if widths is not None:
        console.print(_table(grid, texts, widths))
        return
    beside = _count_beside(columns, console.width)
    for row, line in zip(texts, _lines(grid, texts, beside, console), strict=True):
        for shown in line:
            console.print(Text.from_ansi(shown), no_wrap=True)
        _write_below(zip(grid.columns[beside:], row[beside:], strict=True), console)
        if not beside:
            console.print()


def _write_below(cells: Iterable[tuple[str, str]], console: Console) -> None:
    """Write named cells below their row, as many on a line as fit; empty ones are left out."""
    room = console.width - _INDENT
    line = ""
    for cell in [f"{name}: {text}" for name, text in cells if text]:
        joined = f"{line}  {cell}" if line else cell
        if line and cell_len(joined) > room:
            _write_indented(line, room, console)
            joined = cell
        line = joined
    if line:
        _write_indented(line, room, console)


def _write_indented(text: str, room: int, console: Console) -> None:
    for line in Text(text).wrap(console, room, overflow="fold"):
        line.rstrip()
        console.print(Text(" " * _INDENT).append_text(line), no_wrap=True)


def _wrapped_widths(columns: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return column widths in which no word is cut; None if they do not fit."""
    least = [max(map(_longest_word, column)) for column in columns]
    natural = [max(map(cell_len, column)) for column in columns]
    room = width - _BETWEEN * (len(columns) - 1) - sum(least)
    if room < 0:
        return None
    wanted = sum(natural) - sum(least)
    share = min(1.0, room / wanted) if wanted else 0.0
    return [low + int((high - low) * share) for low, high in zip(least, natural, strict=True)]


def _count_beside(columns: Sequence[Sequence[str]], width: int) -> int:
    """Return how many of the first columns fit on one line."""
    used, count = -_BETWEEN, 0
    for column in columns:
        used += _BETWEEN + max(map(cell_len, column))
        if used > width:
            break
        count += 1
    return count


def _lines(
    grid: Grid, texts: Sequence[Sequence[str]], beside: int, console: Console
) -> Iterator[list[str]]:
    """Yield for each row its line with the first columns; the first has the heading before it."""
    if not beside:
        yield from ([] for _ in texts)
        return
    shown = Grid("", grid.columns[:beside], tuple(row[:beside] for row in grid.rows))
    with console.capture() as captured:
        console.print(_table(shown, [row[:beside] for row in texts]))
    lines = captured.get().splitlines()
    heading = len(lines) - len(texts)
    yield lines[: heading + 1]
    yield from ([line] for line in lines[heading + 1 :])


def _table(
    grid: Grid, texts: Sequence[Sequence[str]], widths: Sequence[int] | None = None
) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for index, column in enumerate(grid.columns):
        table.add_column(
            column,
            justify="right" if grid.is_numeric(index) else "left",
            overflow="fold",
            width=widths[index] if widths else None,
        )
    for row in texts:
        table.add_row(*map(escape, row))
    return table


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _text(value: Cell) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.2f}"
        case int():
            return f"{value:,}"
    return plain(value)
