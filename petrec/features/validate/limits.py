"""Limits: how many findings of a rule are allowed before it warns or fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from petrec.errors import SettingsError
from petrec.rules import FINDINGS
from petrec.rules.warnings import WARNING_IDS
from petrec.settings import RuleLimits
from petrec.suggestions import did_you_mean

_FORM = re.compile(r"\s*(>=?)\s*(\d+(?:\.\d+)?)\s*(%?)\s*")
_HINT = 'write "> 0", ">= 10" or "> 0.5%"'


@dataclass(frozen=True)
class Limit:
    """A count or percentage of all recordings that must not be exceeded, or not be reached."""

    bound: Decimal
    percent: bool = False
    inclusive: bool = False

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read `> 0`, `>= 10`, `> 1%`; errors: SettingsError."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise SettingsError(f"{text!r} is not a limit", hint=_HINT)
        operator, number, unit = found.groups()
        limit = cls(Decimal(number), unit == "%", operator == ">=")
        if limit.inclusive and not limit.bound:
            raise SettingsError(f"{text!r} would always be broken", hint='write "> 0"')
        if not limit.percent and limit.bound != limit.bound.to_integral_value():
            raise SettingsError(
                f"{text!r} must be a whole number, since it counts recordings", hint=_HINT
            )
        if limit.percent and limit.bound > 100:
            raise SettingsError(f"{text!r} could never be broken", hint=_HINT)
        return limit

    def is_broken(self, count: int, total: int) -> bool:
        """Return whether `count` of `total` is too many; exact, without rounding."""
        measured, bound = Decimal(count), self.bound
        if self.percent:
            measured, bound = Decimal(100 * count), self.bound * total
        return measured >= bound and count > 0 if self.inclusive else measured > bound

    def __str__(self) -> str:
        return f"{'>=' if self.inclusive else '>'} {self.bound}{'%' if self.percent else ''}"


@dataclass(frozen=True)
class Thresholds:
    """One rule's limits; None is never."""

    warn_if: Limit | None = None
    error_if: Limit | None = None
    off: bool = False


_ANY = Limit(Decimal(0))


def limits_by_rule(rules: Mapping[str, RuleLimits | Literal["off"]]) -> dict[str, Thresholds]:
    """Return the limits of every rule; errors: SettingsError.

    By default any finding is an error, and any warning of an audit warns. A configured rule
    replaces its default as a whole.
    """
    limits = {kind.id: Thresholds(error_if=_ANY) for kind in FINDINGS}
    limits |= {warning: Thresholds(warn_if=_ANY) for warning in WARNING_IDS}
    for rule, said in rules.items():
        if rule not in limits:
            hint = did_you_mean(rule, limits) or f"choose one of: {', '.join(limits)}"
            raise SettingsError(f"[validate.rules] has an unknown rule {rule!r}", hint=hint)
        limits[rule] = Thresholds(off=True) if said == "off" else _parsed(rule, said)
    return limits


def _parsed(rule: str, said: RuleLimits) -> Thresholds:
    if not said.warn_if and not said.error_if:
        reason = f"[validate.rules] {rule} needs warn_if or error_if"
        raise SettingsError(reason, hint=f'to switch it off: {rule} = "off"')
    try:
        return Thresholds(
            Limit.parse(said.warn_if) if said.warn_if else None,
            Limit.parse(said.error_if) if said.error_if else None,
        )
    except SettingsError as error:
        raise SettingsError(f"[validate.rules] {rule}: {error.reason}", hint=error.hint) from None
