"""The pet is missing and the appointment lists no pets."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.evidence import undecided, undecided_sql
from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return undecided(facts) and facts.has_appointment and not facts.known


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(undecided_sql(facts), facts.has_appointment, ~facts.any_known)


MISSING_NO_PETS = Kind(
    id="missing_no_pets",
    severity=Severity.ERROR,
    sentence="the pet is missing and the appointment lists no pets",
    repair=Repair.REVIEW,
    prevented_by="recordings.pet_id NOT NULL",
    holds=holds,
    sql=sql,
)
