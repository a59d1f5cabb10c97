"""From facts to the one kind that holds."""

from sqlalchemy import ColumnElement, case, null

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind
from petrec.rules.registry import KINDS


def classify(facts: Facts) -> Kind:
    """Return the kind of one recording; the kinds partition all possible facts."""
    return next(kind for kind in KINDS if kind.holds(facts))


def kind_column(facts: FactColumns) -> ColumnElement[str]:
    """Return the kind's id as SQL; never NULL, since the kinds partition the table."""
    return case(*[(kind.sql(facts), kind.id) for kind in KINDS], else_=null())
