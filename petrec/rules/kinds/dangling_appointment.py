"""The pet exists, the appointment row does not."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return facts.has_pet and facts.pet_exists and not facts.grounded


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(facts.has_pet, facts.pet_exists, ~facts.grounded)


DANGLING_APPOINTMENT = Kind(
    id="dangling_appointment",
    severity=Severity.ERROR,
    sentence="the pet exists, the appointment row does not",
    repair=Repair.REVIEW,
    prevented_by="foreign key recordings.appointment_id",
    holds=holds,
    sql=sql,
)
