"""The pet is missing and certain evidence names it."""

from sqlalchemy import ColumnElement

from petrec.rules.evidence import certain, certain_sql
from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kind import Kind, Repair, Severity


def holds(facts: Facts) -> bool:
    """Twin of `sql`."""
    return certain(facts) is not None


def sql(facts: FactColumns) -> ColumnElement[bool]:
    """Twin of `holds`."""
    return certain_sql(facts)


MISSING_INFERABLE = Kind(
    id="missing_inferable",
    severity=Severity.ERROR,
    sentence="the pet is missing and certain evidence names it",
    repair=Repair.BACKFILL,
    prevented_by="recordings.pet_id NOT NULL",
    holds=holds,
    sql=sql,
)
