"""The intervals against the examples of the papers, and what must hold for all counts."""

from math import comb

import pytest
from hypothesis import assume, given
from hypothesis.strategies import integers, tuples

from petrec.features.audit.origins.intervals import (
    critical_value,
    is_beyond_chance,
    newcombe,
    wilson,
)

Z = critical_value()
# Newcombe (1998), Two-sided confidence intervals for the single proportion, table I.
SINGLE = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611),
          (1, 29): (0.0061, 0.1718)}  # fmt: skip
# Newcombe (1998), Interval estimation for the difference, table II, method 10.
DIFFERENCES = {
    (56, 70, 48, 80): (0.0524, 0.3339),
    (9, 10, 3, 10): (0.1705, 0.8090),
    (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775),
    (0, 10, 0, 10): (-0.2775, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0),
    (10, 10, 0, 10): (0.6075, 1.0),
}
parts = tuples(integers(0, 10_000), integers(1, 10_000)).filter(lambda part: part[0] <= part[1])


@pytest.mark.parametrize("counts", SINGLE)
def test_a_rate_has_the_published_interval(counts: tuple[int, int]) -> None:
    assert wilson(*counts, Z) == pytest.approx(SINGLE[counts], abs=5e-5)


@pytest.mark.parametrize("counts", DIFFERENCES)
def test_a_difference_has_the_published_interval(counts: tuple[int, int, int, int]) -> None:
    assert newcombe(*counts, Z) == pytest.approx(DIFFERENCES[counts], abs=5e-5)


@given(parts)
def test_a_rate_is_within_its_interval(part: tuple[int, int]) -> None:
    low, high = wilson(*part, Z)
    assert 0 <= low <= part[0] / part[1] <= high <= 1


@given(parts, parts)
def test_a_difference_is_within_its_interval_and_turns_its_sign(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    found, turned = newcombe(*one, *two, Z), newcombe(*two, *one, Z)
    difference = one[0] / one[1] - two[0] / two[1]
    assert -1 <= found.low <= difference + 1e-12 <= found.high + 2e-12
    assert found == pytest.approx((-turned.high, -turned.low), abs=1e-12)


@given(parts, parts, integers(2, 500))
def test_more_comparisons_make_wider_intervals(
    one: tuple[int, int], two: tuple[int, int], comparisons: int
) -> None:
    assume(0 < one[0] < one[1])
    narrow, wide = (newcombe(*one, *two, critical_value(n)) for n in (1, comparisons))
    assert wide.low < narrow.low
    assert wide.high > narrow.high


def test_equal_rates_do_not_differ_and_far_ones_do() -> None:
    assert not newcombe(50, 100, 500, 1000, Z).excludes_zero
    assert newcombe(90, 100, 500, 1000, Z).excludes_zero
    assert newcombe(10, 100, 500, 1000, Z).excludes_zero


few = tuples(integers(0, 60), integers(1, 60)).filter(lambda part: part[0] <= part[1])


@given(few, few, integers(1, 500))
def test_the_exact_test_sums_all_ways_to_choose(
    one: tuple[int, int], two: tuple[int, int], comparisons: int
) -> None:
    count, total = one
    found, sound = count + two[0], total + two[1] - count - two[0]
    ways = [comb(found, k) * comb(sound, total - k) for k in range(total + 1)]
    rarest = min(sum(ways[count:]), sum(ways[: count + 1])) / sum(ways)
    limit = 0.05 / (2 * comparisons)
    assume(abs(rarest - limit) > 1e-9 * limit)
    assert is_beyond_chance(*one, *two, comparisons) is (rarest < limit)


def test_one_damaged_recording_is_chance_whatever_its_interval_says() -> None:
    z = critical_value(100)
    assert newcombe(1, 1, 20, 2000, z).excludes_zero
    assert not is_beyond_chance(1, 1, 20, 2000, 100)


def test_millions_are_tested_exactly() -> None:
    assert not is_beyond_chance(500_000, 10_000_000, 500_001, 10_000_000, 100)
    assert is_beyond_chance(510_000, 10_000_000, 500_001, 10_000_000, 100)
    assert is_beyond_chance(0, 10_000_000, 9_000_000, 10_000_000, 100)
