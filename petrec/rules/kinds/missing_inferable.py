"""The pet is missing and certain evidence names it."""

from petrec.rules.evidence import certain, certain_sql
from petrec.rules.kind import Kind, Prevention, Repair

MISSING_INFERABLE = Kind(
    id="missing_inferable",
    name="No pet, evidence names it",
    order=20,
    sentence="the pet is missing and certain evidence names it",
    repair=Repair.BACKFILL,
    prevented_by=Prevention.PET_NOT_NULL,
    holds=lambda facts: certain(facts) is not None,
    sql=certain_sql,
)
