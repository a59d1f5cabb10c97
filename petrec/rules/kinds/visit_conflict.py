"""The visit contradicts the recording's pet or appointment."""

from sqlalchemy import and_, or_

from petrec.rules.kind import Kind, Repair

VISIT_CONFLICT = Kind(
    id="visit_conflict",
    name="Contradicted by the visit",
    order=100,
    sentence="the visit contradicts the recording's pet or appointment",
    repair=Repair.REVIEW,
    # Nothing else is wrong: the pet fits, or is missing where one could be inferred.
    holds=lambda facts: (
        facts.visit_differs and (facts.pet_ok or (not facts.has_pet and facts.appointment_ok))
    ),
    sql=lambda facts: and_(
        facts.visit_differs, or_(facts.pet_ok, and_(~facts.has_pet, facts.appointment_ok))
    ),
)
