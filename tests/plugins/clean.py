"""A clinic whose recordings all have a pet that exists, and a role that owns its tables."""

from tests.plugins.databases import Database

DAMAGE = """
DELETE FROM public.recordings r WHERE r.pet_id IS NULL
    OR NOT EXISTS (SELECT FROM public.pets p WHERE p.id = r.pet_id)
"""
DIGEST = """
SELECT md5(string_agg(d, E'\\n' ORDER BY d)) FROM (
    SELECT conrelid::regclass::text || conname || convalidated::text
           || pg_get_constraintdef(oid) AS d
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT indexrelid::regclass::text || indisvalid::text || pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid::regclass::text NOT LIKE 'pg\\_%'
    UNION ALL
    SELECT attrelid::regclass::text || attname || attnotnull::text
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
) x
"""
OWN = """
DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT oid FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {role}', name);
    END LOOP;
END $$
"""


def owned(clinic: Database) -> str:
    """Give the tables to a role that may do nothing else; returns a DSN for it."""
    role = f"owner_{clinic.name}"
    clinic.execute(f"CREATE ROLE {role} LOGIN")
    clinic.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    clinic.execute(OWN.format(role=role))
    return clinic.cluster.dsn(clinic.name, role)


def clean(clinic: Database) -> Database:
    """Take the damaged rows away."""
    clinic.execute(DAMAGE)
    return clinic


def digest(clinic: Database) -> str:
    """Return what the catalog says of every constraint, index and column."""
    return str(clinic.execute(DIGEST)[0][0])
