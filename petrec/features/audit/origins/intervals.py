"""How certain a rate is, and the difference of two rates."""

from math import exp, lgamma, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Return whether the value differs from 0 by more than chance."""
        return self.low > 0 or self.high < 0


def critical_value(comparisons: int = 1, confidence: float = CONFIDENCE) -> float:
    """Return the normal quantile with which all comparisons together have this confidence.

    Source: Bonferroni's inequality. Among 20 intervals of 95 % each, one is wrong on average.
    """
    return NormalDist().inv_cdf(1 - (1 - confidence) / (2 * max(comparisons, 1)))


def wilson(count: int, total: int, z: float) -> Interval:
    """Return the score interval of a proportion; `total` is at least 1.

    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22, 209-212.
    """
    share, weight = count / total, z * z / total
    centre = share + weight / 2
    half = z * sqrt(share * (1 - share) / total + weight / (4 * total))
    # At the ends the limits are exactly 0 and 1, which the arithmetic may miss.
    low = 0.0 if count == 0 else (centre - half) / (1 + weight)
    high = 1.0 if count == total else (centre + half) / (1 + weight)
    return Interval(low, high)


def newcombe(count: int, total: int, other: int, other_total: int, z: float) -> Interval:
    """Return the interval of a proportion minus another; both totals are at least 1.

    Source: R. G. Newcombe (1998), Interval estimation for the difference between independent
    proportions: comparison of eleven methods, Statistics in Medicine 17, 873-890, method 10.
    """
    one, two = wilson(count, total, z), wilson(other, other_total, z)
    share, rest = count / total, other / other_total
    below = sqrt((share - one.low) ** 2 + (two.high - rest) ** 2)
    above = sqrt((one.high - share) ** 2 + (rest - two.low) ** 2)
    return Interval(share - rest - below, share - rest + above)


def is_beyond_chance(
    count: int, total: int, other: int, other_total: int, comparisons: int = 1
) -> bool:
    """Return whether two proportions differ by more than chance; both totals are at least 1.

    An interval for many comparisons is too narrow where counts are small: 1 of 1 would differ from
    1 % of the rest. This test has no approximation: among all ways to choose `total` recordings, as
    many or more with damage, or as few or fewer, are rare.

    Source: R. A. Fisher (1935), The logic of inductive inference, Journal of the Royal Statistical
    Society 98, 39-82. Both sides count, as in critical_value().
    """
    limit = (1 - CONFIDENCE) / (2 * max(comparisons, 1))
    found, sound = count + other, total + other_total - count - other
    more = count * other_total > other * total
    # The tail grows towards the side on which the count lies.
    if more:
        hits, misses, left, far = count, total - count, found - count, sound - total + count
    else:
        hits, misses, left, far = total - count, count, sound - total + count, found - count
    chance = exp(_ways(found, count) + _ways(sound, total - count) - _ways(found + sound, total))
    tail = chance
    while tail <= limit and chance > tail * 1e-12:
        chance *= misses * left / ((hits + 1) * (far + 1))
        hits, misses, left, far = hits + 1, misses - 1, left - 1, far + 1
        tail += chance
    return tail <= limit


def _ways(whole: int, part: int) -> float:
    """Return the logarithm of the number of ways to choose a part."""
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
