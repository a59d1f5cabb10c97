DO $$
DECLARE fk record; col record; defs text[] := '{}';
BEGIN
  FOR fk IN SELECT conrelid::regclass AS t, conname, pg_get_constraintdef(oid) AS def
            FROM pg_constraint WHERE contype = 'f' LOOP
    defs := defs || format('ALTER TABLE %s ADD CONSTRAINT %I %s', fk.t, fk.conname, fk.def);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', fk.t, fk.conname);
  END LOOP;
  FOR col IN SELECT attrelid::regclass AS t, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
             WHERE atttypid = 'uuid'::regtype AND relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE text USING ''ID-'' || %I', col.t, col.attname, col.attname);
  END LOOP;
  FOR i IN 1 .. cardinality(defs) LOOP EXECUTE defs[i]; END LOOP;
END $$;
