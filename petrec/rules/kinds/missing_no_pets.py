"""The pet is missing and the appointment lists no pets."""

from sqlalchemy import and_

from petrec.rules.evidence import undecided, undecided_sql
from petrec.rules.kind import Kind, Prevention, Repair

MISSING_NO_PETS = Kind(
    id="missing_no_pets",
    name="Appointment without pets",
    order=40,
    sentence="the pet is missing and the appointment lists no pets",
    repair=Repair.REVIEW,
    prevented_by=Prevention.PET_NOT_NULL,
    holds=lambda facts: undecided(facts) and facts.has_appointment and not facts.known,
    sql=lambda facts: and_(undecided_sql(facts), facts.has_appointment, ~facts.any_known),
)
