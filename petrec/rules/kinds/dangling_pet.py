"""The pet row does not exist."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return facts.has_pet and not facts.pet_exists


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(facts.has_pet, ~facts.pet_exists)


DANGLING_PET = Kind(
    id="dangling_pet",
    severity=Severity.ERROR,
    sentence="the pet row does not exist",
    repair=Repair.REVIEW,
    prevented_by="foreign key recordings.pet_id",
    holds=holds,
    sql=sql,
)
