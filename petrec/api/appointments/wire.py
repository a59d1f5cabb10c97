"""An appointment with its pets."""

from typing_extensions import TypedDict

from petrec.api.http.wire_fields import (
    AppointmentId,
    Count,
    Moment,
    OwnerId,
    PetId,
    PracticeId,
    VetId,
    answered,
)


@answered
class PetOut(TypedDict):
    """A pet of an appointment."""

    id: PetId
    name: str | None
    species: str | None
    breed: str | None


@answered
class AppointmentOut(TypedDict):
    """An appointment."""

    id: AppointmentId
    practice_id: PracticeId | None
    pet_owner_id: OwnerId | None
    assigned_vet_user_id: VetId | None
    appointment_date: Moment | None
    duration_minutes: Count | None
    appointment_type: str | None
    status: str | None
    title: str | None
    description: str | None
    notes: str | None
    pets: list[PetOut]
    created_at: Moment | None
    updated_at: Moment | None
