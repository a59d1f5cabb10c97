"""From facts, by evidence, to the one kind that holds."""

from typing import Any

from sqlalchemy import ColumnElement, case, null, select

from petrec.rules.evidence import certain_pet_sql, strategy_sql
from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns, observed
from petrec.rules.kind import Kind
from petrec.rules.registry import KINDS
from petrec.schema import Schema


def classify(facts: Facts) -> Kind:
    """Return the kind of one recording; the kinds partition all possible facts."""
    return next(kind for kind in KINDS if kind.holds(facts))


def judged(
    schema: Schema,
    *extra: ColumnElement[Any],
    per_row: bool = False,
    within: ColumnElement[bool] | None = None,
) -> FactColumns:
    """Build the facts of every recording, with the certain pet where there is one.

    `extra` are further columns of recordings; `per_row` suits a query that joins the facts to a
    few recordings only, `within` is a condition on recordings.
    """
    facts = observed(schema, *extra, per_row=per_row, within=within)
    pet = certain_pet_sql(facts).label("petrec_certain_pet")
    strategy = strategy_sql(facts).label("petrec_strategy")
    judged_rows = select(*facts.source.c, pet, strategy).subquery("judged")
    return FactColumns(judged_rows, facts.renamed)


def kind_column(facts: FactColumns) -> ColumnElement[str]:
    """Return the kind's id as SQL; never NULL, since the kinds partition the table."""
    return case(*[(kind.sql(facts), kind.id) for kind in KINDS], else_=null())
