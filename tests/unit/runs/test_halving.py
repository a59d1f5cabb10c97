"""Refused rows among many are found by few batches, and only they are skipped."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.runs.batches.size import Halving

PACE = 20_000


def drive(rows: int, bad: set[int]) -> tuple[set[int], int]:
    """Work through rows as the driver does; returns the rows skipped and the batches tried."""
    halving, at, skipped, tried = Halving(), 0, set(), 0
    while at < rows:
        page = range(at, min(rows, at + halving.size(PACE)))
        tried += 1
        if not bad & set(page):
            halving, at = halving.accepted(len(page), PACE), page[-1] + 1
        elif len(page) > 1:
            halving = halving.refused(len(page))
        else:
            skipped.add(at)
            halving, at = halving.skipped(), at + 1
    return skipped, tried


@pytest.mark.parametrize("place", [0, 1, 7_777, 19_999, 20_000, 50_001, 99_999])
def test_one_refused_row_costs_its_logarithm(place: int) -> None:
    skipped, tried = drive(100_000, {place})
    assert skipped == {place}
    assert tried <= 100_000 / PACE + 2 * math.log2(PACE) + 4


@given(st.integers(1, 400), st.sets(st.integers(0, 399)))
def test_exactly_the_refused_rows_are_skipped(rows: int, bad: set[int]) -> None:
    skipped, tried = drive(rows, bad)
    assert skipped == {row for row in bad if row < rows}
    assert tried <= 20 + 20 * (len(skipped) + 1)
