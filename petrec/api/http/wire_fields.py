"""Types of fields, with the constraints that the database and the documentation also have."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config

from petrec.api.entities import Entity
from petrec.postgres.ids import UUID_PATTERN

# FastAPI makes a validator of an answer for each route and status, twice: half a second of every
# start. Only the document asks for one, and makes it then.
answered = with_config(ConfigDict(defer_build=True))

# PostgreSQL's text has no NUL character; UTF-8 has no lone surrogates.
_NO_NUL = r"^[^\x00]*$"

ShortText = Annotated[str, Field(min_length=1, max_length=50, pattern=_NO_NUL)]
LongText = Annotated[str, Field(max_length=20_000, pattern=_NO_NUL)]
FileName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        examples=["2025-09-01T14:00:00Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
Count = Annotated[int, Field(json_schema_extra={"format": "int64"})]
Number = Annotated[float, Field(json_schema_extra={"format": "double"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2025-10-01"])]


def _id(entity: Entity, digits: str) -> Any:
    example = f"{entity}-{digits}"
    documented: Any = {"pattern": f"^{entity}-{UUID_PATTERN}$", "examples": [example]}
    return Field(min_length=1, json_schema_extra=documented)


PetId = Annotated[str, _id(Entity.PET, "987fcdeb-51a2-43d1-9c4f-123456789abc")]
AppointmentId = Annotated[str, _id(Entity.APPOINTMENT, "123e4567-e89b-12d3-a456-426614174000")]
RecordingId = Annotated[str, _id(Entity.RECORDING, "456e7890-e89b-12d3-a456-426614174111")]
VisitId = Annotated[str, _id(Entity.VISIT, "789abc12-3def-4567-8901-234567890def")]
UserId = Annotated[str, _id(Entity.USER, "11122233-3444-4555-8666-777888999000")]
VetId = Annotated[str, _id(Entity.VET, "55566677-7888-4999-8000-111222333444")]
OwnerId = Annotated[str, _id(Entity.OWNER, "aaa111bb-b222-4ccc-8333-ddd444eee555")]
PracticeId = Annotated[str, _id(Entity.PRACTICE, "99988877-7666-4555-8444-333222111000")]
