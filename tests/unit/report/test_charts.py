"""The labels of a chart: none lies over another, none leaves the picture."""

import re
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.report.charts.findings import findings_chart
from petrec.features.report.charts.moves import moves_chart
from petrec.features.report.result import BackfillMark
from petrec.features.report.verdict import judge
from tests.plugins.trends import FIRST, points

WIDTH, LETTER = 760, 6.0
NOTE = re.compile(
    r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" class="note">([^<]*)</text>'
)
CUT = re.compile(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)" class="strong">([^<]*)</text>')


def drawn(values: list[int], marks: list[tuple[int, int]]) -> str:
    series = points(values)
    made = [
        BackfillMark(n, FIRST + timedelta(days=day), "backfill", changed)
        for n, (day, changed) in enumerate(sorted(marks))
    ]
    return str(findings_chart(series, judge(series), made))


@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 10**7)), max_size=12),
    st.lists(st.integers(0, 10**7), min_size=30, max_size=30),
)
def test_labels_of_runs_lie_apart_and_within(
    marks: list[tuple[int, int]], values: list[int]
) -> None:
    rows: dict[str, list[tuple[float, float]]] = {}
    for x, y, anchor, label in NOTE.findall(drawn(values, marks)):
        width = LETTER * len(label)
        start = float(x) - (width if anchor == "end" else 0)
        rows.setdefault(y, []).append((start, start + width))
    for taken in rows.values():
        assert min(start for start, _ in taken) >= 0
        assert max(end for _, end in taken) <= WIDTH
        for (_, end), (start, _) in zip(sorted(taken), sorted(taken)[1:], strict=False):
            assert end + 6 <= start


def test_two_runs_of_one_day_are_both_labelled() -> None:
    picture = drawn([500] * 30, [(10, 300), (10, 20)])
    assert {label for *_, label in NOTE.findall(picture)} == {"backfill 0: 20", "backfill 1: 300"}


def test_a_run_without_room_for_its_label_says_it_to_a_pointer() -> None:
    picture = drawn([500] * 30, [(10, 1), (10, 2), (10, 3)])
    assert len(NOTE.findall(picture)) == 2
    assert picture.count("<title>backfill") == 3


@pytest.mark.parametrize(
    ("last", "shown"),
    [(288, "288"), (999_999, "999,999"), (1_234_567, "1.2M"), (12_345_678, "12M")],
)
def test_the_last_number_fits_beside_the_line(last: int, shown: str) -> None:
    assert f">{shown}</text>" in drawn([last * 2, last], [])


@pytest.mark.parametrize("day", [0, 1, 29, 58, 59])
def test_the_value_of_a_bar_that_is_cut_off_stays_within_the_picture(day: int) -> None:
    series = [
        msgspec.structs.replace(point, new=9_999_999 if number == day else 3, fixed=2)
        for number, point in enumerate(points([5] * 60))
    ]
    [(x, anchor, label)] = CUT.findall(str(moves_chart(series)))
    assert label == "9,999,999"
    width = 9 * len(label)
    start = float(x) - (width if anchor == "end" else 0)
    assert 0 <= start <= WIDTH - width
