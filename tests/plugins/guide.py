"""The integration guide's examples as data: rows of a database, and what is answered for them."""

from typing import Any

from tests.plugins.databases import Database

PET, REX = "987fcdeb-51a2-43d1-9c4f-123456789abc", "111aaa222bbb333ccc444ddd"
APPOINTMENT = "123e4567-e89b-12d3-a456-426614174000"
RECORDING = "456e7890-e89b-12d3-a456-426614174111"
VISIT = "789abc12-3def-4567-8901-234567890def"
RECORDER, VET = "111222333444555666777888", "555666777888999000111222"
PRACTICE, OWNER = "999888777666555444333222", "aaa111bbb222ccc333ddd444"
KEY = f"recordings/2025/09/01/rec-{RECORDING}.m4a"

ROWS = f"""
CREATE TABLE public.visits (
  id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  pet_id text NOT NULL REFERENCES public.pets (id),
  appointment_id text REFERENCES public.appointments (id),
  visit_date timestamptz NOT NULL, visit_type varchar(50) NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'scheduled', chief_complaint text, diagnosis text,
  treatment_plan text, notes text, follow_up_required boolean DEFAULT false, follow_up_date date,
  created_by text NOT NULL REFERENCES public.users (id),
  created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());
ALTER TABLE public.recordings ADD COLUMN visit_id text REFERENCES public.visits (id);
INSERT INTO users VALUES ('{RECORDER}', '{PRACTICE}', 'vet', 'r@clinic.example', 'R'),
                         ('{VET}', '{PRACTICE}', 'vet', 'v@clinic.example', 'V');
INSERT INTO pet_owners VALUES ('{OWNER}', 'O', NULL);
INSERT INTO pets VALUES ('{PET}', '{OWNER}', 'Fluffy', 'Dog', 'Golden Retriever', now()),
                        ('{REX}', '{OWNER}', 'Rex', 'Dog', 'German Shepherd', now());
INSERT INTO appointments VALUES ('{APPOINTMENT}', '{PRACTICE}', '{OWNER}', '{VET}',
  '2025-09-01T14:00:00Z', 30, 'routine_checkup', 'in_progress', 'Routine Checkup - Fluffy & Rex',
  'Annual wellness exam for both pets', 'Both pets due for vaccinations',
  '2025-08-25T09:15:30.9Z', '2025-09-01T13:45:12Z');
INSERT INTO appointment_pets VALUES ('{APPOINTMENT}', '{PET}'), ('{APPOINTMENT}', '{REX}');
INSERT INTO visits VALUES ('{VISIT}', '{PET}', '{APPOINTMENT}', '2025-09-01T14:00:00Z',
  'routine_checkup', 'in_progress', 'Annual wellness exam', NULL, NULL, NULL, false, NULL,
  '{VET}', '2025-09-01T14:00:00Z', '2025-09-01T14:00:00Z');
INSERT INTO recordings VALUES ('{RECORDING}', '{APPOINTMENT}', '{PET}', '{RECORDER}',
  'visit_audio', 'uploaded', 'rec-{RECORDING}.m4a', 'visit_recording_20250901_143022.m4a',
  2048576, 180.5, 'audio/mp4', '{KEY}', 'https://helppet-recordings.s3.amazonaws.com/{KEY}',
  NULL, NULL, false, false, '{{}}', '2025-09-01T14:30:22.5Z', '2025-09-01T14:31:45Z', '{VISIT}');
"""

INITIATE: dict[str, Any] = {
    "appointment_id": f"appt-{APPOINTMENT}",
    "pet_id": f"pet-{PET}",
    "visit_id": None,
    "recording_type": "visit_audio",
    "filename": "visit_recording_20250901_143022.m4a",
    "content_type": "audio/mp4",
    "estimated_duration_seconds": 180.5,
}
COMPLETE: dict[str, Any] = {
    "file_size_bytes": 2048576,
    "duration_seconds": 180.5,
    "recording_metadata": {
        "device_type": "iPhone",
        "ios_version": "17.0",
        "app_version": "1.2.0",
        "audio_quality": "high",
        "sample_rate": "44100",
    },
}
RECORDINGS: list[dict[str, Any]] = [
    {
        "id": f"rec-{RECORDING}",
        "visit_id": f"visit-{VISIT}",
        "appointment_id": f"appt-{APPOINTMENT}",
        "pet_id": f"pet-{PET}",
        "recorded_by_user_id": f"user-{RECORDER}",
        "recording_type": "visit_audio",
        "status": "uploaded",
        "filename": f"rec-{RECORDING}.m4a",
        "original_filename": "visit_recording_20250901_143022.m4a",
        "file_size_bytes": 2048576,
        "duration_seconds": 180.5,
        "duration_formatted": "3:00",
        "mime_type": "audio/mp4",
        "s3_url": f"https://helppet-recordings.s3.amazonaws.com/{KEY}",
        "transcript_text": None,
        "transcript_confidence": None,
        "is_transcribed": False,
        "is_processing": False,
        "created_at": "2025-09-01T14:30:22Z",
        "updated_at": "2025-09-01T14:31:45Z",
    }
]
APPOINTMENT_DETAIL: dict[str, Any] = {
    "id": f"appt-{APPOINTMENT}",
    "practice_id": f"practice-{PRACTICE}",
    "pet_owner_id": f"owner-{OWNER}",
    "assigned_vet_user_id": f"vet-{VET}",
    "appointment_date": "2025-09-01T14:00:00Z",
    "duration_minutes": 30,
    "appointment_type": "routine_checkup",
    "status": "in_progress",
    "title": "Routine Checkup - Fluffy & Rex",
    "description": "Annual wellness exam for both pets",
    "notes": "Both pets due for vaccinations",
    "pets": [
        {"id": f"pet-{PET}", "name": "Fluffy", "species": "Dog", "breed": "Golden Retriever"},
        {"id": f"pet-{REX}", "name": "Rex", "species": "Dog", "breed": "German Shepherd"},
    ],
    "created_at": "2025-08-25T09:15:30Z",
    "updated_at": "2025-09-01T13:45:12Z",
}
CREATE_VISIT: dict[str, Any] = {
    "pet_id": f"pet-{PET}",
    "appointment_id": f"appt-{APPOINTMENT}",
    "visit_type": "routine_checkup",
    "chief_complaint": "Annual wellness exam",
    "notes": "Pet appears healthy and energetic",
}
CREATED_VISIT: dict[str, Any] = {
    "id": "visit-",
    "pet_id": f"pet-{PET}",
    "appointment_id": f"appt-{APPOINTMENT}",
    "visit_date": "2025-09-01T14:00:00Z",
    "visit_type": "routine_checkup",
    "status": "in_progress",
    "chief_complaint": "Annual wellness exam",
    "diagnosis": None,
    "treatment_plan": None,
    "notes": "Pet appears healthy and energetic",
    "follow_up_required": False,
    "follow_up_date": None,
    "recordings": [],
    "created_by": f"vet-{VET}",
    "created_at": "2025-09-01T14:00:00Z",
    "updated_at": "2025-09-01T14:00:00Z",
}


def fill(database: Database) -> Database:
    """Add the guide's rows to a clinic whose ids are text."""
    database.execute(ROWS)
    return database
