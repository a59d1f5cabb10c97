"""The pet exists, the appointment row does not."""

from sqlalchemy import and_

from petrec.rules.kind import Kind, Prevention, Repair

DANGLING_APPOINTMENT = Kind(
    id="dangling_appointment",
    name="Appointment no longer exists",
    order=80,
    sentence="the pet exists, the appointment row does not",
    repair=Repair.REVIEW,
    prevented_by=Prevention.APPOINTMENT_KEY,
    holds=lambda facts: facts.has_pet and facts.pet_exists and not facts.appointment_ok,
    sql=lambda facts: and_(facts.has_pet, facts.pet_exists, ~facts.appointment_ok),
)
