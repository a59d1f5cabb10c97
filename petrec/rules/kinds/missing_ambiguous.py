"""The pet is missing and the appointment has several pets."""

from sqlalchemy import and_

from petrec.rules.evidence import undecided, undecided_sql
from petrec.rules.kind import Kind, Prevention, Repair

MISSING_AMBIGUOUS = Kind(
    id="missing_ambiguous",
    name="Several pets possible",
    order=30,
    sentence="the pet is missing and the appointment has several pets",
    repair=Repair.REVIEW,
    prevented_by=Prevention.PET_NOT_NULL,
    holds=lambda facts: undecided(facts) and facts.has_appointment and bool(facts.known),
    sql=lambda facts: and_(undecided_sql(facts), facts.has_appointment, facts.any_known),
)
