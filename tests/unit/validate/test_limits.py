"""Limits are exact, their form is strict, and a rule that does not exist is not passed over."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.errors import SettingsError
from petrec.features.validate.limits import Limit, limits_by_rule
from petrec.rules import FINDINGS
from petrec.rules.warnings import WARNING_IDS
from petrec.settings import RuleLimits


@given(
    count=st.integers(0, 10**7),
    rest=st.integers(0, 10**7),
    bound=st.integers(0, 1000),
    percent=st.booleans(),
)
def test_limits_are_exact(count: int, rest: int, bound: int, percent: bool) -> None:
    total = count + rest
    text = f"> {bound / 10}%" if percent else f"> {bound}"
    wanted = Fraction(bound, 1000) * total if percent else Fraction(bound)
    assert Limit.parse(text).is_broken(count, total) == (count > wanted)
    if bound:
        inclusive = Limit.parse(text.replace(">", ">="))
        assert inclusive.is_broken(count, total) == (count > 0 and count >= wanted)


@pytest.mark.parametrize("text", ["", "0", "> ", "< 5", "> -1", "> 0.5", ">= 0", "> 101%", "> x"])
def test_what_is_not_a_limit(text: str) -> None:
    with pytest.raises(SettingsError):
        Limit.parse(text)


def test_every_rule_has_a_default() -> None:
    limits = limits_by_rule({})
    assert list(limits) == [*(kind.id for kind in FINDINGS), *WARNING_IDS]
    assert limits["mismatched"].error_if == Limit.parse("> 0")
    assert limits["owner_differs"].error_if is None


def test_what_is_said_replaces_the_default() -> None:
    limits = limits_by_rule({"mismatched": RuleLimits(warn_if=">= 3"), "owner_differs": "off"})
    assert (limits["mismatched"].error_if, str(limits["mismatched"].warn_if)) == (None, ">= 3")
    assert limits["owner_differs"].off


def test_unknown_rules_get_a_suggestion() -> None:
    with pytest.raises(SettingsError) as caught:
        limits_by_rule({"mismatch": "off"})
    assert "mismatched" in caught.value.hint
    with pytest.raises(SettingsError, match="needs warn_if"):
        limits_by_rule({"mismatched": RuleLimits()})
