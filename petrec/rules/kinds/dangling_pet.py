"""The pet row does not exist."""

from sqlalchemy import and_

from petrec.rules.kind import Kind, Prevention, Repair

DANGLING_PET = Kind(
    id="dangling_pet",
    name="Pet no longer exists",
    order=70,
    sentence="the pet row does not exist",
    repair=Repair.REVIEW,
    prevented_by=Prevention.PET_KEY,
    needs_place=True,
    holds=lambda facts: facts.has_pet and not facts.pet_exists,
    sql=lambda facts: and_(facts.has_pet, ~facts.pet_exists),
)
