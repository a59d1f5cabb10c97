"""Examples for the OpenAPI document; tests hold them to the types."""

from typing import Any

from petrec.api.appointments.wire import AppointmentOut
from petrec.api.http.errors import ErrorOut
from petrec.api.recordings.wire import AudioOut, RecordingOut
from petrec.api.uploads.wire import CancelOut, CompleteOut, InitiateOut
from petrec.api.visits.wire import VisitOut

_PET = "pet-987fcdeb-51a2-43d1-9c4f-123456789abc"
_OTHER = "pet-111aaa22-2bbb-4333-8ccc-444ddd555eee"
_APPOINTMENT = "appt-123e4567-e89b-12d3-a456-426614174000"
_RECORDING = "rec-456e7890-e89b-12d3-a456-426614174111"
_VISIT = "visit-789abc12-3def-4567-8901-234567890def"
_VET = "vet-55566677-7888-4999-8000-111222333444"
_KEY = f"recordings/2025/09/01/{_RECORDING}.m4a"

INITIATED: InitiateOut = {
    "recording_id": _RECORDING,
    "upload_url": "https://clinic-recordings.s3.eu-central-1.amazonaws.com/",
    "upload_fields": {"key": _KEY, "Content-Type": "audio/mp4", "policy": "eyJleHBp..."},
    "s3_key": _KEY,
    "bucket": "clinic-recordings",
    "expires_in": 3600,
    "max_file_size": 104857600,
}
COMPLETED: CompleteOut = {"status": "completed", "recording_id": _RECORDING}
CANCELLED: CancelOut = {"status": "cancelled", "recording_id": _RECORDING}
RECORDING: RecordingOut = {
    "id": _RECORDING,
    "visit_id": _VISIT,
    "appointment_id": _APPOINTMENT,
    "pet_id": _PET,
    "recorded_by_user_id": "user-11122233-3444-4555-8666-777888999000",
    "recording_type": "visit_audio",
    "status": "uploaded",
    "filename": f"{_RECORDING}.m4a",
    "original_filename": "visit_recording_20250901_143022.m4a",
    "file_size_bytes": 2048576,
    "duration_seconds": 180.5,
    "duration_formatted": "3:00",
    "mime_type": "audio/mp4",
    "s3_url": f"https://clinic-recordings.s3.eu-central-1.amazonaws.com/{_KEY}",
    "transcript_text": None,
    "transcript_confidence": None,
    "is_transcribed": False,
    "is_processing": False,
    "created_at": "2025-09-01T14:30:22Z",
    "updated_at": "2025-09-01T14:31:45Z",
}
AUDIO: AudioOut = {
    "recording_id": _RECORDING,
    "audio_url": f"https://clinic-recordings.s3.eu-central-1.amazonaws.com/{_KEY}?X-Amz-Expires=900",
    "expires_in": 900,
    "content_type": "audio/mp4",
    "file_size_bytes": 2048576,
}
APPOINTMENT: AppointmentOut = {
    "id": _APPOINTMENT,
    "practice_id": "practice-99988877-7666-4555-8444-333222111000",
    "pet_owner_id": "owner-aaa111bb-b222-4ccc-8333-ddd444eee555",
    "assigned_vet_user_id": _VET,
    "appointment_date": "2025-09-01T14:00:00Z",
    "duration_minutes": 30,
    "appointment_type": "routine_checkup",
    "status": "in_progress",
    "title": "Routine Checkup",
    "description": "Annual wellness exam for both pets",
    "notes": "Both are due for vaccinations",
    "pets": [
        {"id": _PET, "name": "Fluffy", "species": "Dog", "breed": "Golden Retriever"},
        {"id": _OTHER, "name": "Rex", "species": "Dog", "breed": "German Shepherd"},
    ],
    "created_at": "2025-08-25T09:15:30Z",
    "updated_at": "2025-09-01T13:45:12Z",
}
VISIT: VisitOut = {
    "id": _VISIT,
    "pet_id": _PET,
    "appointment_id": _APPOINTMENT,
    "visit_date": "2025-09-01T14:00:00Z",
    "visit_type": "routine_checkup",
    "status": "in_progress",
    "chief_complaint": "Annual wellness exam",
    "diagnosis": None,
    "treatment_plan": None,
    "notes": "Pet appears healthy and energetic",
    "follow_up_required": False,
    "follow_up_date": None,
    "recordings": [RECORDING],
    "created_by": _VET,
    "created_at": "2025-09-01T14:00:00Z",
    "updated_at": "2025-09-01T14:00:00Z",
}
MISSING_PET: ErrorOut = {
    "error": "validation_error",
    "error_code": "missing_pet_id",
    "message": "pet_id is required for all recording uploads",
    "details": {"field": "pet_id", "required": True},
}
NOT_IN_APPOINTMENT: ErrorOut = {
    "error": "validation_error",
    "error_code": "pet_not_in_appointment",
    "message": "Pet is not associated with this appointment",
    "details": {"pet_id": _OTHER, "appointment_id": _APPOINTMENT, "valid_pet_ids": [_PET]},
}
BY_TYPE: dict[Any, Any] = {
    InitiateOut: INITIATED,
    CompleteOut: COMPLETED,
    CancelOut: CANCELLED,
    AppointmentOut: APPOINTMENT,
    VisitOut: VISIT,
    RecordingOut: RECORDING,
    AudioOut: AUDIO,
    list[RecordingOut]: [RECORDING],
    list[VisitOut]: [VISIT],
}
REFUSALS = {"missing_pet_id": MISSING_PET, "pet_not_in_appointment": NOT_IN_APPOINTMENT}
