CREATE TABLE public.numbers (u uuid PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY);
INSERT INTO public.numbers (u)
SELECT DISTINCT u FROM (
  SELECT id FROM recordings UNION SELECT pet_id FROM recordings UNION SELECT appointment_id FROM recordings
  UNION SELECT recorded_by_user_id FROM recordings UNION SELECT id FROM pets UNION SELECT owner_id FROM pets
  UNION SELECT id FROM appointments UNION SELECT practice_id FROM appointments
  UNION SELECT pet_owner_id FROM appointments UNION SELECT assigned_vet_user_id FROM appointments
  UNION SELECT id FROM users UNION SELECT practice_id FROM users UNION SELECT id FROM pet_owners
  UNION SELECT user_id FROM api_logs UNION SELECT pet_id FROM appointment_pets
  UNION SELECT appointment_id FROM appointment_pets) AS every (u) WHERE u IS NOT NULL ORDER BY u;
CREATE FUNCTION public.number_of(uuid) RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT n FROM public.numbers WHERE u = $1';
DO $$
DECLARE fk record; col record; defs text[] := '{}';
BEGIN
  FOR fk IN SELECT conrelid::regclass AS t, conname, pg_get_constraintdef(oid) AS def
            FROM pg_constraint WHERE contype = 'f' LOOP
    defs := defs || format('ALTER TABLE %s ADD CONSTRAINT %I %s', fk.t, fk.conname, fk.def);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', fk.t, fk.conname);
  END LOOP;
  FOR col IN SELECT attrelid::regclass AS t, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
             WHERE atttypid = 'uuid'::regtype AND relkind = 'r' AND relname <> 'numbers'
               AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE bigint USING public.number_of(%I)', col.t, col.attname, col.attname);
  END LOOP;
  FOR i IN 1 .. cardinality(defs) LOOP EXECUTE defs[i]; END LOOP;
END $$;
