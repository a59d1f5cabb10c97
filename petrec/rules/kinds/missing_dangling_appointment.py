"""The pet is missing and the appointment row does not exist."""

from sqlalchemy import and_

from petrec.rules.kind import Kind, Prevention, Repair

MISSING_DANGLING_APPOINTMENT = Kind(
    id="missing_dangling_appointment",
    name="No pet, appointment gone",
    order=60,
    sentence="the pet is missing and the appointment row does not exist",
    repair=Repair.REVIEW,
    prevented_by=Prevention.PET_NOT_NULL,
    needs_place=True,
    holds=lambda facts: not facts.has_pet and not facts.appointment_ok,
    sql=lambda facts: and_(~facts.has_pet, ~facts.appointment_ok),
)
