"""The pet is missing, and so are the appointment and a usable visit."""

from sqlalchemy import ColumnElement, and_

from petrec.rules.evidence import undecided, undecided_sql
from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return undecided(facts) and not facts.has_appointment


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return and_(undecided_sql(facts), ~facts.has_appointment)


MISSING_NO_APPOINTMENT = Kind(
    id="missing_no_appointment",
    severity=Severity.ERROR,
    sentence="the pet is missing, and so are the appointment and a usable visit",
    repair=Repair.REVIEW,
    prevented_by="recordings.pet_id NOT NULL",
    holds=holds,
    sql=sql,
)
