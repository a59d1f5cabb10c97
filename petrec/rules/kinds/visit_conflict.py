"""The visit contradicts the recording's pet or appointment."""

from sqlalchemy import ColumnElement, and_, or_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    otherwise_sound = facts.placed or (not facts.has_pet and facts.grounded)
    return facts.visit_differs and otherwise_sound


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    otherwise_sound = or_(facts.placed, and_(~facts.has_pet, facts.grounded))
    return and_(facts.visit_differs, otherwise_sound)


VISIT_CONFLICT = Kind(
    id="visit_conflict",
    severity=Severity.ERROR,
    sentence="the visit contradicts the recording's pet or appointment",
    repair=Repair.REVIEW,
    prevented_by="",
    holds=holds,
    sql=sql,
)
