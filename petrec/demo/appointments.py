"""Appointments and recordings, in slices: planned in temporary tables, then written.

The plan names things by number; numbers become ids only where rows are written.
"""

PLANS = """
CREATE TEMPORARY TABLE position_plan (
    position bigint, pets bigint, fewest bigint, most bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE slot_plan (
    number bigint, first_position bigint, positions bigint, link text, pet text, visit text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE appointment_plan (
    number bigint, pets bigint, street bigint, owned bigint, first_pet bigint, moment timestamptz
) ON COMMIT DROP;
CREATE TEMPORARY TABLE recording_plan (
    number bigint, appointment bigint, neighbour bigint, moment timestamptz,
    right_pet bigint, sibling bigint, stranger bigint, link text, pet text, visit text
) ON COMMIT DROP;
"""
FILL_POSITIONS = "INSERT INTO position_plan VALUES (%s, %s, %s, %s)"
FILL_SLOTS = "INSERT INTO slot_plan VALUES (%s, %s, %s, %s, %s, %s)"
CLEAR = "TRUNCATE appointment_plan, recording_plan"

# 37 and 73 are inverse to each other modulo 100: they shuffle the positions within a hundred.
PLAN_APPOINTMENTS = """
INSERT INTO appointment_plan (number, pets, street, owned, first_pet, moment)
SELECT
    number,
    pets,
    pg_temp.pick(number, 'street', %(streets)s),
    fewest + pg_temp.pick(number, 'owned', most - fewest + 1),
    pg_temp.pick(number, 'first pet', 6),
    pg_temp.moment(number, 100 * %(blocks)s)
FROM generate_series(100 * %(first)s::bigint, 100 * %(last)s - 1) AS number
JOIN position_plan ON position = mod(mod(number, 100) * 37, 100)
"""

PLAN_RECORDINGS = """
INSERT INTO recording_plan
SELECT
    chosen.number,
    chosen.appointment,
    neighbour.number,
    own.moment + interval '1 second' * pg_temp.pick(chosen.number, 'delay', 1500),
    pg_temp.listed(own.street, own.owned, own.first_pet, which),
    pg_temp.listed(own.street, own.owned, own.first_pet, which + 1),
    CASE WHEN neighbour.street = own.street THEN 6 * mod(own.street + 1, %(streets)s)
        ELSE pg_temp.pet(neighbour.street, neighbour.owned, neighbour.first_pet)
    END,
    chosen.link,
    chosen.pet,
    chosen.visit
FROM (
    SELECT
        n AS number, link, pet, visit,
        100 * (n / 125) + mod(
            (first_position + pg_temp.pick(n, 'appointment', positions)) * 73, 100
        ) AS appointment
    FROM generate_series(125 * %(first)s::bigint, least(125 * %(last)s, %(recordings)s) - 1) AS n
    JOIN slot_plan ON slot_plan.number = mod(n * 6181 + pg_temp.pick(0, 'slot', 10000), 10000)
) AS chosen
JOIN appointment_plan AS own ON own.number = chosen.appointment
JOIN appointment_plan AS neighbour ON neighbour.number = chosen.appointment # 1
CROSS JOIN LATERAL (
    SELECT pg_temp.pick(chosen.number, 'which pet', greatest(own.pets, 1)) AS which OFFSET 0
) AS turn
"""

APPOINTMENTS = """
INSERT INTO public.appointments (
    id, practice_id, pet_owner_id, assigned_vet_user_id, appointment_date, duration_minutes,
    appointment_type, status, title, notes, created_at, updated_at
)
SELECT
    pg_temp.id('appointment', number),
    pg_temp.id('practice', practice),
    pg_temp.id('owner', 3 * street + owned - 1),
    CASE WHEN pg_temp.pick(number, 'assigned', 50) > 0
        THEN pg_temp.id('user', (2 + pg_temp.pick(number, 'vet', 3)) * %(practices)s + practice)
    END,
    moment,
    15 * (1 + pg_temp.pick(number, 'duration', 3)),
    kind,
    CASE WHEN pg_temp.pick(number, 'status', 25) > 0 THEN 'completed' ELSE 'in_progress' END,
    initcap(replace(kind, '_', ' ')) || CASE
        WHEN pg_temp.pick(number, 'titled', 3) = 0 AND pets > 0 THEN ' - ' || names ELSE ''
    END,
    CASE WHEN pg_temp.pick(number, 'noted', 20) = 0
        THEN pg_temp.name(first_name) || ' is nervous around other animals'
    END,
    moment - interval '5 days',
    moment + interval '1 hour'
FROM (
    SELECT
        *,
        pg_temp.pick(number, 'practice', %(practices)s) AS practice,
        pg_temp.listed(street, owned, first_pet, 0) AS first_name,
        pg_temp.one_of(%(visit_types)s, number, 'type') AS kind,
        CASE pets
            WHEN 1 THEN pg_temp.name(pg_temp.listed(street, owned, first_pet, 0))
            ELSE pg_temp.name(pg_temp.listed(street, owned, first_pet, 0)) || ' & '
                || pg_temp.name(pg_temp.listed(street, owned, first_pet, 1))
        END AS names
    FROM appointment_plan
    ORDER BY number
) AS planned
"""

APPOINTMENT_PETS = """
INSERT INTO public.appointment_pets (appointment_id, pet_id)
SELECT
    pg_temp.id('appointment', number),
    pg_temp.id('pet', pet)
FROM (
    SELECT number, pg_temp.listed(street, owned, first_pet, which) AS pet
    FROM appointment_plan, generate_series(0, pets - 1) AS which
    ORDER BY number, which
) AS listed
"""

VISITS = """
INSERT INTO public.visits (
    id, pet_id, appointment_id, visit_date, visit_type, status, created_by, created_at, updated_at
)
SELECT
    pg_temp.id('visit', number),
    pg_temp.id('pet', CASE visit WHEN 'other_pet' THEN stranger ELSE right_pet END),
    CASE WHEN link <> 'null' THEN pg_temp.id(
        'appointment', CASE visit WHEN 'other_appointment' THEN neighbour ELSE appointment END
    ) END,
    moment,
    pg_temp.one_of(%(visit_types)s, appointment, 'type'),
    'completed',
    pg_temp.id('user', pg_temp.pick(number, 'recorded by', 5 * %(practices)s)),
    moment,
    moment + interval '1 hour'
FROM recording_plan
WHERE visit <> 'none'
ORDER BY moment, number
"""
