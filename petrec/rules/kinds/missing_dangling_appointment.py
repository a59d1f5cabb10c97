"""The pet is missing and the appointment row does not exist."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return not facts.has_pet and not facts.grounded


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(~facts.has_pet, ~facts.grounded)


MISSING_DANGLING_APPOINTMENT = Kind(
    id="missing_dangling_appointment",
    severity=Severity.ERROR,
    sentence="the pet is missing and the appointment row does not exist",
    repair=Repair.REVIEW,
    prevented_by="recordings.pet_id NOT NULL",
    holds=holds,
    sql=sql,
)
