"""Is it getting better, and since when: the verdict and the series that it judges."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.report.charts.scale import day_ticks, ticks
from petrec.features.report.result import Movement, PastRun
from petrec.features.report.series import MOST_POINTS, trend
from petrec.features.report.verdict import judge, noise
from tests.plugins.trends import FIRST, points


@pytest.mark.parametrize(
    ("values", "direction", "since", "before"),
    [
        ([100, 110, 150, 90, 60], "better", 2, 150),
        ([100, 80, 60, 70, 80], "worse", 2, 60),
        ([1000, 1000, 100, 101, 100, 101], "better", 1, 1000),
        ([1000, 100, 100, 150, 200, 300], "worse", 2, 100),
        ([5, 5, 5], "steady", 0, 5),
        ([9, 4, 0, 0], "clean", 2, 4),
        ([0, 0], "clean", 0, 0),
        ([0, 0, 3], "worse", 1, 0),
        ([7], "unknown", 0, 7),
        ([10, 10, 11], "steady", 1, 10),
        ([5, 6], "steady", 0, 5),
        ([100] * 89 + [101], "steady", 88, 100),
        ([1000, 400, 400, 470], "worse", 2, 400),
        ([100, 90] + [200] * 80, "steady", 0, 100),
        ([4_000_000] * 9 + [4_030_000], "steady", 8, 4_000_000),
    ],
)
def test_a_verdict_names_direction_and_turning_point(
    values: list[int], direction: str, since: int, before: int
) -> None:
    verdict = judge(points(values))
    told = (verdict.direction, verdict.since, verdict.before)
    assert told == (direction, FIRST + timedelta(days=since), before)
    assert verdict.sentence.endswith(".")


@pytest.mark.parametrize(
    ("values", "spans"),
    [
        ([1000, 400, 400, 470], "470 (up 70 since yesterday, down 530 since 1 January 2025)."),
        ([1000, 400, 401], "1,000 → 401 (up 1 since yesterday, down 599 since 1 January 2025)."),
        ([100, 90] + [200] * 80, "200 (no change since yesterday, up 100 since 1 January 2025)."),
        ([5, 6], "Steady at 6 (up 1 since yesterday)."),
    ],
)
def test_a_verdict_names_the_move_since_yesterday_and_since_the_start(
    values: list[int], spans: str
) -> None:
    assert judge(points(values)).sentence.endswith(spans)


def test_a_point_that_is_not_of_yesterday_is_named_by_its_day() -> None:
    series = [*points([100, 90]), points([0] * 9 + [300])[-1]]
    assert "up 210 since 2 January 2025," in judge(series).sentence


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=60))
def test_verdict_never_contradicts_the_numbers(values: list[int]) -> None:
    verdict = judge(points(values))
    now = values[-1]
    match verdict.direction:
        case "better":
            assert now < verdict.before
        case "worse":
            assert now > verdict.before
        case "clean":
            assert now == 0
        case "steady":
            week = values[max(0, len(values) - 8)]
            assert abs(now - week) < noise(now, week) or len(set(values)) == 1
    assert verdict.direction != "unknown"


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_noise_is_of_both_counts_alike(one: int, other: int) -> None:
    assert noise(one, other) == noise(other, one) >= 1
    assert noise(0, other) == 1, "the first finding is never noise"


def run(day: float, findings: int, moved: Movement | None = None) -> PastRun:
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return PastRun(at, 100, 0, {"mismatched": findings}, {"mismatched": moved or Movement()})


def test_a_day_has_its_last_count_and_the_sum_of_its_moves() -> None:
    runs = [
        run(0, 5),
        run(1.2, 8, Movement(3, 0, 0)),
        run(1.9, 6, Movement(0, 2, 0)),
        run(4, 7, Movement(0, 0, 1)),
    ]
    found, weekly = trend(runs, 30)
    assert not weekly
    told = [(p.day.day, p.findings, p.new, p.fixed, p.reappeared) for p in found]
    assert told == [(1, 5, 0, 0, 0), (2, 6, 3, 2, 0), (5, 7, 0, 0, 1)]
    assert found[-1].counts == {"mismatched": 7}


def test_only_the_days_asked_for() -> None:
    found, _ = trend([run(day, day) for day in range(40)], 7)
    assert [point.findings for point in found] == list(range(33, 40))


def test_long_histories_are_folded_to_weeks() -> None:
    runs = [run(day, day, Movement(1, 0, 0)) for day in range(400)]
    found, weekly = trend(runs, 3660)
    assert weekly
    assert len(found) <= MOST_POINTS
    assert sum(point.new for point in found) == 400
    assert found[-1].findings == 399


@given(st.integers(0, 10**12))
def test_ticks_are_few_round_and_reach_the_top(most: int) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= max(most, 1)
    assert 2 <= len(found) <= 6


@given(st.integers(0, 4000))
def test_day_ticks_end_today(span: int) -> None:
    days = [FIRST, FIRST + timedelta(days=span)]
    found = day_ticks(days)
    assert found[-1] == days[-1]
    assert len(found) <= 6
    assert all(day >= FIRST for day in found)
