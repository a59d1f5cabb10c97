"""A correction: what may be changed of a recording."""

from pydantic import BaseModel, ConfigDict

from petrec.api.http.wire_fields import PetId


class RecordingPatch(BaseModel):
    """What to change: the pet, which must be in the recording's appointment."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"example": {"pet_id": "pet-987fcdeb-51a2-43d1-9c4f-123456789abc"}},
    )

    pet_id: PetId
