"""The pet is set and consistent with the appointment and the visit."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return facts.placed and not facts.visit_differs


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(facts.placed, ~facts.visit_differs)


OK = Kind(
    id="ok",
    severity=Severity.NONE,
    sentence="the pet is set and consistent with the appointment and the visit",
    repair=Repair.NONE,
    prevented_by="",
    holds=holds,
    sql=sql,
)
