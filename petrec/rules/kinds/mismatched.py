"""Pet and appointment exist, but the pet was not in the appointment."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    both_exist = facts.has_pet and facts.pet_exists and facts.appointment_exists
    return both_exist and facts.pet_id not in facts.linked


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(facts.has_pet, facts.pet_exists, facts.appointment_exists, ~facts.pet_linked)


MISMATCHED = Kind(
    id="mismatched",
    severity=Severity.ERROR,
    sentence="pet and appointment exist, but the pet was not in the appointment",
    repair=Repair.REVIEW,
    prevented_by="foreign key recordings (appointment_id, pet_id)",
    holds=holds,
    sql=sql,
)
