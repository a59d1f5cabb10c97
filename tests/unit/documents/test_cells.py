"""A cell of CSV holds any text, and none that a spreadsheet runs."""

from hypothesis import given
from hypothesis import strategies as st

from petrec.documents.safe_text import decode_cell, encode_cell

HOSTILE = st.text(st.sampled_from("=+-@'\",;\t\r\n\0 aZ9é小\u202e|<"), max_size=8)


@given(st.one_of(HOSTILE, st.text()))
def test_cells_round_trip_and_are_inert(value: str) -> None:
    cell = encode_cell(value)
    assert decode_cell(cell) == value
    assert not cell.startswith(tuple("=+-@\t\r\n\0"))
