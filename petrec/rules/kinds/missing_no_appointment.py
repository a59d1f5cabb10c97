"""The pet is missing, and so are the appointment and a usable visit."""

from sqlalchemy import and_

from petrec.rules.evidence import undecided, undecided_sql
from petrec.rules.kind import Kind, Prevention, Repair

MISSING_NO_APPOINTMENT = Kind(
    id="missing_no_appointment",
    name="No appointment",
    order=50,
    sentence="the pet is missing, and so are the appointment and a usable visit",
    repair=Repair.REVIEW,
    prevented_by=Prevention.PET_NOT_NULL,
    needs_place=True,
    holds=lambda facts: undecided(facts) and not facts.has_appointment,
    sql=lambda facts: and_(undecided_sql(facts), ~facts.has_appointment),
)
