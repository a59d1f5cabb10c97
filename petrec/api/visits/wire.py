"""Visits: what is sent, what comes back."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict

from petrec.api.http.wire_fields import (
    AppointmentId,
    Day,
    LongText,
    Moment,
    PetId,
    ShortText,
    VetId,
    VisitId,
    answered,
)
from petrec.api.recordings.wire import RecordingOut

_YEARS = range(1900, 2200)


def _moment(text: str) -> datetime:
    """Read an RFC 3339 time; errors: ValueError."""
    value = datetime.fromisoformat(text)
    if "T" not in text.upper() or value.tzinfo is None or value.year not in _YEARS:
        raise ValueError
    return value.astimezone(UTC)


def _day(text: str) -> date:
    value = date.fromisoformat(text)
    if len(text) != len("2025-10-01") or value.year not in _YEARS:
        raise ValueError
    return value


_TEXT = {"type": "string", "pattern": "^(19|20|21)[0-9]{2}-"}
MomentIn = Annotated[str, AfterValidator(_moment), WithJsonSchema(_TEXT | {"format": "date-time"})]
DayIn = Annotated[str, AfterValidator(_day), WithJsonSchema(_TEXT | {"format": "date"})]
Status = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[^\x00]*$")]


def _unset(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _optional() -> Any:
    """A field that may be left out, but not be null."""
    return Field(default=None, json_schema_extra=_unset)


class _Clinical(BaseModel):
    """What staff write down."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    chief_complaint: LongText | None = None
    diagnosis: LongText | None = None
    treatment_plan: LongText | None = None
    notes: LongText | None = None
    follow_up_required: bool = _optional()
    follow_up_date: DayIn | None = None


class VisitIn(_Clinical):
    """A visit to create; it is now and in progress unless it says otherwise."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pet_id": "pet-987fcdeb-51a2-43d1-9c4f-123456789abc",
                "appointment_id": "appt-123e4567-e89b-12d3-a456-426614174000",
                "visit_type": "routine_checkup",
                "chief_complaint": "Annual wellness exam",
                "notes": "Pet appears healthy and energetic",
            }
        }
    )

    pet_id: PetId
    appointment_id: AppointmentId | None = None
    visit_type: ShortText
    visit_date: MomentIn = _optional()
    status: Status = _optional()


class VisitPatch(_Clinical):
    """What to change; pet and appointment stay."""

    visit_type: ShortText = _optional()
    visit_date: MomentIn = _optional()
    status: Status = _optional()


@answered
class VisitOut(TypedDict):
    """A visit with its recordings."""

    id: VisitId
    pet_id: PetId
    appointment_id: AppointmentId | None
    visit_date: Moment | None
    visit_type: str
    status: str
    chief_complaint: str | None
    diagnosis: str | None
    treatment_plan: str | None
    notes: str | None
    follow_up_required: bool
    follow_up_date: Day | None
    recordings: list[RecordingOut]
    created_by: VetId
    created_at: Moment | None
    updated_at: Moment | None
