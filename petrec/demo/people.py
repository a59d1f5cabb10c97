"""Owners, pets, users and the request log."""

OWNERS = """
INSERT INTO public.pet_owners (id, full_name, email)
SELECT
    pg_temp.id('owner', n),
    pg_temp.one_of(%(first_names)s, n, 'first name') || ' '
        || pg_temp.one_of(%(last_names)s, n, 'last name'),
    CASE WHEN pg_temp.pick(n, 'email', 10) > 0 THEN 'owner' || n || '@mail.example' END
FROM generate_series(0::bigint, 3 * %(streets)s - 1) AS n
"""

PETS = """
INSERT INTO public.pets (id, owner_id, name, species, breed, created_at)
SELECT
    pg_temp.id('pet', n),
    pg_temp.id('owner', 3 * street + owned - 1),
    pg_temp.name(n),
    pg_temp.one_of(%(species)s, n, 'breed'),
    pg_temp.one_of(%(breeds)s, n, 'breed'),
    pg_temp.moment(0, 1) - interval '1 day' * (1 + pg_temp.pick(n, 'known since', 2000))
FROM (
    SELECT street, owned, pg_temp.pet(street, owned, which) AS n
    FROM generate_series(0::bigint, %(streets)s - 1) AS street,
        generate_series(1::bigint, 3) AS owned,
        generate_series(0::bigint, owned - 1) AS which
    ORDER BY n
) AS numbered
"""

USERS = """
INSERT INTO public.users (id, practice_id, role, email, full_name)
SELECT
    pg_temp.id('user', n),
    pg_temp.id('practice', mod(n, %(practices)s)),
    (ARRAY['admin', 'staff', 'vet', 'vet', 'vet'])[1 + n / %(practices)s],
    'user' || n || '@clinic.example',
    pg_temp.one_of(%(first_names)s, n, 'user first name') || ' '
        || pg_temp.one_of(%(last_names)s, n, 'user last name')
FROM generate_series(0::bigint, 5 * %(practices)s - 1) AS n
"""

API_LOGS = """
INSERT INTO public.api_logs (created_at, method, path, status_code, error_code, user_id)
SELECT
    pg_temp.moment(n, %(requests)s),
    'POST',
    '/api/v1/recordings/upload/initiate',
    CASE WHEN outcome < 2 THEN 400 ELSE 200 END,
    CASE outcome WHEN 0 THEN 'pet_not_in_appointment' WHEN 1 THEN 'missing_pet_id' END,
    pg_temp.id('user', pg_temp.pick(n, 'requested by', 5 * %(practices)s))
FROM (
    SELECT n, pg_temp.pick(n, 'outcome', 10) AS outcome
    FROM generate_series(0::bigint, %(requests)s - 1) AS n
) AS requests
ORDER BY n
"""
