"""At any width, a table cuts no word, leaves no column out, and stays within the terminal."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from petrec.documents.as_table import write_grid
from petrec.documents.document import Grid

ID = "01372c7a-f30a-8a1f-969b-109eda162cb0"
WORD = st.text("abcde_é犬", min_size=1, max_size=30)
CELL = st.one_of(
    st.none(), st.integers(0, 10**9), st.lists(WORD, max_size=8).map(" ".join), st.just(ID)
)
NAME = st.lists(st.text("abcde", min_size=1, max_size=9), min_size=1, max_size=2).map(" ".join)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    columns = draw(st.lists(NAME, min_size=1, max_size=9))
    row = st.tuples(*(CELL for _ in columns))
    return Grid("Title", tuple(columns), tuple(draw(st.lists(row, min_size=1, max_size=5))))


def written(grid: Grid, width: int) -> list[str]:
    out = io.StringIO()
    write_grid(grid, Console(file=out, width=width, highlight=False, color_system=None))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@given(grids(), st.integers(50, 200))
def test_no_word_is_cut_and_no_line_is_too_long(grid: Grid, width: int) -> None:
    lines = written(grid, width)
    shown = set(" ".join(lines).split())
    cells = [cell for row in grid.rows for cell in row if isinstance(cell, str)]
    assert {word for cell in cells for word in cell.split()} <= shown
    assert all(cell_len(line) <= width for line in lines)


def test_columns_that_do_not_fit_stand_below_their_row() -> None:
    grid = Grid(
        "Changes",
        ("recording", "run", "old pet", "new pet", "by"),
        ((ID, 1, None, ID.upper(), "petrec_writer"), (ID, 12, "-", None, "petrec_writer")),
    )
    assert written(grid, 80) == [
        "Changes",
        "recording                            ┃ run ┃ old pet",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━╇━━━━━━━━",
        f"{ID} │   1 │",
        f"    new pet: {ID.upper()}  by: petrec_writer",
        f"{ID} │  12 │ -",
        "    by: petrec_writer",
    ]


def test_a_row_without_room_for_any_column_is_a_block() -> None:
    grid = Grid("Steps", ("SQL", "lock"), (("x" * 45, "short"),) * 2)
    block = ["    SQL:", "    " + "x" * 36, "    " + "x" * 9, "    lock: short", ""]
    assert written(grid, 40) == ["Steps", *block, *block]
