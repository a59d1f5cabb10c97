"""The pet is set and consistent with the appointment and the visit."""

from sqlalchemy import and_

from petrec.rules.kind import Kind, Repair

OK = Kind(
    id="ok",
    name="Consistent",
    order=10,
    sentence="the pet is set and consistent with the appointment and the visit",
    repair=Repair.NONE,
    holds=lambda facts: facts.pet_ok and not facts.visit_differs,
    sql=lambda facts: and_(facts.pet_ok, ~facts.visit_differs),
)
