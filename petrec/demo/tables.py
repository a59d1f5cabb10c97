"""The clinic's tables, and the keys that are added once they are full.

`recordings` has no foreign key on its pet or appointment, so it could be damaged.
"""

TABLES = """
CREATE TABLE public.pet_owners (
    id uuid NOT NULL,
    full_name text NOT NULL,
    email text
);
CREATE TABLE public.pets (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    species text NOT NULL,
    breed text,
    created_at timestamptz DEFAULT now() NOT NULL
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    practice_id uuid NOT NULL,
    role text NOT NULL,
    email text NOT NULL,
    full_name text NOT NULL
);
CREATE TABLE public.appointments (
    id uuid NOT NULL,
    practice_id uuid NOT NULL,
    pet_owner_id uuid NOT NULL,
    assigned_vet_user_id uuid,
    appointment_date timestamptz NOT NULL,
    duration_minutes integer DEFAULT 30 NOT NULL,
    appointment_type varchar(50) NOT NULL,
    status varchar(20) NOT NULL,
    title text NOT NULL,
    description text,
    notes text,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL
);
CREATE TABLE public.appointment_pets (
    appointment_id uuid NOT NULL,
    pet_id uuid NOT NULL
);
CREATE TABLE public.visits (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    pet_id uuid NOT NULL,
    appointment_id uuid,
    visit_date timestamptz NOT NULL,
    visit_type varchar(50) NOT NULL,
    status varchar(20) DEFAULT 'scheduled' NOT NULL,
    chief_complaint text,
    diagnosis text,
    treatment_plan text,
    notes text,
    follow_up_required boolean DEFAULT false,
    follow_up_date date,
    created_by uuid NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE public.recordings (
    id uuid NOT NULL,
    appointment_id uuid,
    pet_id uuid,
    visit_id uuid,
    recorded_by_user_id uuid NOT NULL,
    recording_type varchar(50) NOT NULL,
    status varchar(20) NOT NULL,
    filename text NOT NULL,
    original_filename text NOT NULL,
    file_size_bytes bigint,
    duration_seconds double precision,
    mime_type text,
    s3_key text NOT NULL,
    s3_url text,
    transcript_text text,
    transcript_confidence double precision,
    is_transcribed boolean DEFAULT false NOT NULL,
    is_processing boolean DEFAULT false NOT NULL,
    recording_metadata jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE public.api_logs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status_code integer NOT NULL,
    error_code text,
    user_id uuid
);
"""

PRIMARY_KEYS = """
ALTER TABLE public.pet_owners ADD PRIMARY KEY (id);
ALTER TABLE public.pets ADD PRIMARY KEY (id);
ALTER TABLE public.users ADD PRIMARY KEY (id), ADD UNIQUE (email);
ALTER TABLE public.appointments ADD PRIMARY KEY (id);
ALTER TABLE public.appointment_pets ADD PRIMARY KEY (appointment_id, pet_id);
ALTER TABLE public.visits ADD PRIMARY KEY (id);
ALTER TABLE public.recordings ADD PRIMARY KEY (id);
ALTER TABLE public.api_logs ADD PRIMARY KEY (id);
CREATE INDEX idx_visits_pet_id ON public.visits (pet_id);
CREATE INDEX idx_visits_appointment_id ON public.visits (appointment_id);
CREATE INDEX idx_visits_visit_date ON public.visits (visit_date);
CREATE INDEX idx_recordings_visit_id ON public.recordings (visit_id);
"""

FOREIGN_KEYS = """
ALTER TABLE public.pets
    ADD FOREIGN KEY (owner_id) REFERENCES public.pet_owners (id);
ALTER TABLE public.appointments
    ADD FOREIGN KEY (pet_owner_id) REFERENCES public.pet_owners (id),
    ADD FOREIGN KEY (assigned_vet_user_id) REFERENCES public.users (id);
ALTER TABLE public.appointment_pets
    ADD FOREIGN KEY (appointment_id) REFERENCES public.appointments (id) ON DELETE CASCADE,
    ADD FOREIGN KEY (pet_id) REFERENCES public.pets (id) ON DELETE CASCADE;
ALTER TABLE public.visits
    ADD CONSTRAINT fk_visits_pet_id
        FOREIGN KEY (pet_id) REFERENCES public.pets (id) ON DELETE CASCADE,
    ADD CONSTRAINT fk_visits_appointment_id
        FOREIGN KEY (appointment_id) REFERENCES public.appointments (id) ON DELETE CASCADE,
    ADD CONSTRAINT fk_visits_created_by
        FOREIGN KEY (created_by) REFERENCES public.users (id);
ALTER TABLE public.recordings
    ADD FOREIGN KEY (recorded_by_user_id) REFERENCES public.users (id),
    ADD CONSTRAINT fk_recordings_visit_id
        FOREIGN KEY (visit_id) REFERENCES public.visits (id) ON DELETE CASCADE;
"""

VACUUM = """
VACUUM (ANALYZE) public.pet_owners, public.pets, public.users, public.appointments,
    public.appointment_pets, public.visits, public.recordings, public.api_logs
"""
