-- The tables of a small clinic, with one appointment of two pets and a vet's session.
CREATE TABLE users (
  id uuid PRIMARY KEY, practice_id uuid NOT NULL, role text NOT NULL, full_name text NOT NULL);
CREATE TABLE sessions (
  token_hash text PRIMARY KEY, user_id uuid NOT NULL REFERENCES users, expires_at timestamptz NOT NULL);
CREATE TABLE pet_owners (id uuid PRIMARY KEY, full_name text NOT NULL, email text);
CREATE TABLE pets (
  id uuid PRIMARY KEY, owner_id uuid NOT NULL REFERENCES pet_owners,
  name text NOT NULL, species text NOT NULL, breed text);
CREATE TABLE appointments (
  id uuid PRIMARY KEY, practice_id uuid NOT NULL, pet_owner_id uuid NOT NULL REFERENCES pet_owners,
  assigned_vet_user_id uuid REFERENCES users, appointment_date timestamptz NOT NULL,
  duration_minutes integer NOT NULL, appointment_type text NOT NULL, status text NOT NULL,
  title text NOT NULL, description text, notes text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE appointment_pets (
  appointment_id uuid REFERENCES appointments, pet_id uuid REFERENCES pets,
  PRIMARY KEY (appointment_id, pet_id));
CREATE TABLE recordings (
  id uuid PRIMARY KEY, appointment_id uuid, pet_id uuid NOT NULL,
  recorded_by_user_id uuid REFERENCES users, recording_type text NOT NULL, status text NOT NULL,
  filename text NOT NULL, original_filename text NOT NULL, file_size_bytes bigint,
  duration_seconds double precision, mime_type text, s3_key text NOT NULL, s3_url text,
  transcript_text text, transcript_confidence double precision,
  is_transcribed boolean NOT NULL DEFAULT false, is_processing boolean NOT NULL DEFAULT false,
  recording_metadata jsonb, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
  FOREIGN KEY (appointment_id, pet_id) REFERENCES appointment_pets);
CREATE TABLE api_logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL,
  method text NOT NULL, path text NOT NULL, status_code integer NOT NULL, error_code text,
  user_id uuid);

INSERT INTO users VALUES
  ('55566677-7888-4999-8000-111222333444', '99988877-7666-4555-8444-333222111000', 'vet', 'Vera');
-- sha256 of "vera"; a real token is random.
INSERT INTO sessions VALUES
  (encode(sha256('vera'), 'hex'), '55566677-7888-4999-8000-111222333444', now() + interval '1 day');
INSERT INTO pet_owners VALUES ('aaa111bb-b222-4ccc-8333-ddd444eee555', 'Otto', NULL);
INSERT INTO pets VALUES
  ('987fcdeb-51a2-43d1-9c4f-123456789abc', 'aaa111bb-b222-4ccc-8333-ddd444eee555', 'Fluffy', 'Dog'),
  ('111aaa22-2bbb-4333-8ccc-444ddd555eee', 'aaa111bb-b222-4ccc-8333-ddd444eee555', 'Rex', 'Dog');
INSERT INTO appointments VALUES
  ('123e4567-e89b-12d3-a456-426614174000', '99988877-7666-4555-8444-333222111000',
   'aaa111bb-b222-4ccc-8333-ddd444eee555', '55566677-7888-4999-8000-111222333444', now(), 30,
   'routine_checkup', 'in_progress', 'Fluffy and Rex');
INSERT INTO appointment_pets SELECT '123e4567-e89b-12d3-a456-426614174000', id FROM pets;
