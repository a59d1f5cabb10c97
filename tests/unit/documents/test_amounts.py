"""Amounts are written in the units that a person would choose."""

import pytest

from petrec.documents.amounts import duration, rate


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.95, "1 min 0 s"), (187.4, "3 min 7 s"),
     (3599.6, "1 h 0 min"), (7_400, "2 h 3 min")],
)  # fmt: skip
def test_a_time_has_its_two_largest_units(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("a_second", "written"), [(4.96, "5.0 rows/s"), (10, "10 rows/s"), (1234.5, "1,234 rows/s")]
)
def test_few_rows_a_second_have_a_decimal(a_second: float, written: str) -> None:
    assert rate(a_second) == written
