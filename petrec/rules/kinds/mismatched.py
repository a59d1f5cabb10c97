"""Pet and appointment exist, but the pet was not in the appointment."""

from sqlalchemy import and_

from petrec.rules.kind import Kind, Prevention, Repair

MISMATCHED = Kind(
    id="mismatched",
    name="Pet not in the appointment",
    order=90,
    sentence="pet and appointment exist, but the pet was not in the appointment",
    repair=Repair.REVIEW,
    prevented_by=Prevention.MEMBERSHIP_KEY,
    holds=lambda facts: (
        facts.pet_exists and facts.appointment_exists and facts.pet_id not in facts.linked
    ),
    sql=lambda facts: and_(facts.pet_exists, facts.appointment_exists, ~facts.pet_linked),
)
