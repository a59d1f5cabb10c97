"""Tables for a person at a terminal, by Rich; plain text off a TTY."""

from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from petrec.documents.document import Cell, Document, Grid
from petrec.documents.safe_text import plain

_PIPE_WIDTH = 160


def write(document: Document, out: TextIO) -> None:
    """Write the title, the grids, the remarks and the notes; honours NO_COLOR."""
    console = Console(file=out, width=None if out.isatty() else _PIPE_WIDTH, highlight=False)
    console.print(f"[bold]{escape(plain(document.title))}[/bold]")
    for grid in filter(lambda grid: grid.rows, document.grids):
        console.print()
        console.print(_table(grid))
    console.print()
    for note in (*document.remarks, *document.notes):
        console.print(f"[dim]{escape(plain(note))}[/dim]", soft_wrap=True)


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", show_edge=False, pad_edge=False)
    for index, column in enumerate(grid.columns):
        table.add_column(
            column, justify="right" if grid.is_numeric(index) else "left", overflow="fold"
        )
    for row in grid.rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.2f}"
        case int():
            return f"{value:,}"
    return escape(plain(value))
