"""Certain evidence for a missing pet, which may be applied without a person.

A strategy is certain only where assigning its pet makes the recording `ok`.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, null, or_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns, ObservedColumns


@dataclass(frozen=True)
class Strategy:
    """One source of certainty, with its twins; tried in the order of `STRATEGIES`."""

    id: str
    sentence: str
    pet: Callable[[Facts], Hashable | None]
    sql_holds: Callable[[FactColumns], ColumnElement[bool]]
    sql_pet: Callable[[ObservedColumns], ColumnElement[Any]]


@dataclass(frozen=True)
class Evidence:
    """The certain pet, and the strategy that names it."""

    pet_id: Hashable
    strategy: Strategy


def _visit_pet(facts: Facts) -> Hashable | None:
    return facts.visit.pet_id if facts.visit and facts.visit.pet_exists else None


def _only_pet(facts: Facts) -> Hashable | None:
    only = facts.linked if len(facts.linked) == 1 else frozenset()
    return next(iter(only & facts.known), None) if facts.appointment_exists else None


VISIT = Strategy(
    id="visit",
    sentence="the recording's visit names the pet",
    pet=_visit_pet,
    sql_holds=lambda f: f.visit_names_pet,
    sql_pet=lambda f: f.visit_pet,
)
SINGLE_PET = Strategy(
    id="single_pet",
    sentence="the appointment has exactly one pet",
    pet=_only_pet,
    sql_holds=lambda f: f.single_pet,
    sql_pet=lambda f: f.linked_pets[1],
)
STRATEGIES = (VISIT, SINGLE_PET)


def inferable(facts: Facts) -> bool:
    """Return whether the recording lacks a pet and nothing contradicts an inference."""
    return not facts.has_pet and facts.appointment_ok and not facts.visit_differs


def certain(facts: Facts) -> Evidence | None:
    """Return the certain evidence for a missing pet, if there is any."""
    if inferable(facts):
        for strategy in STRATEGIES:
            if (pet := strategy.pet(facts)) is not None:
                return Evidence(pet, strategy)
    return None


def inferable_sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `inferable`."""
    return and_(~facts.has_pet, facts.appointment_ok, ~facts.visit_differs)


def certain_sql(facts: FactColumns) -> ColumnElement[bool]:
    """Return whether there is certain evidence for a missing pet."""
    return and_(inferable_sql(facts), or_(*(s.sql_holds(facts) for s in STRATEGIES)))


def strategy_sql(facts: FactColumns) -> ColumnElement[str]:
    """Return the id of the strategy that is certain of a missing pet; NULL where none is."""
    named = case(*[(s.sql_holds(facts), s.id) for s in STRATEGIES], else_=null())
    return case((inferable_sql(facts), named), else_=null())


def certain_pet_sql(facts: ObservedColumns) -> ColumnElement[Any]:
    """Return the certain pet; NULL without certain evidence."""
    named = case(*[(s.sql_holds(facts), s.sql_pet(facts)) for s in STRATEGIES], else_=null())
    return case((inferable_sql(facts), named), else_=null())


def undecided(facts: Facts) -> bool:
    """Return whether the pet is missing and could be inferred, but nothing is certain."""
    return inferable(facts) and certain(facts) is None


def undecided_sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `undecided`."""
    return and_(inferable_sql(facts), ~certain_sql(facts))
