"""Temporary SQL functions that derive every value from the seed and a number, without randomness.

They are single expressions, which PostgreSQL inlines, and the hash of a name is folded to a
constant: a value costs about as much as its arithmetic. PostgreSQL keeps these hash
functions stable across versions, as partitioning by hash depends on them.
"""

from typing import Any

from psycopg import sql

from petrec.demo import texts

DAYS = 120

_PICK = """
CREATE OR REPLACE FUNCTION pg_temp.pick(n bigint, what text, choices bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN mod(hashint8extended(n, hashtextextended(what, {seed})) & 9223372036854775807, choices)
"""
_ID = """
CREATE OR REPLACE FUNCTION pg_temp.id(what text, n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN encode(
    int8send(hashint8extended(n, hashtextextended(what || ' id, left', {seed})))
    || int8send(hashint8extended(n, hashtextextended(what || ' id, right', {seed}))),
    'hex'
)::uuid
"""
# A street has three households, with one, two and three pets.
_PET = """
CREATE OR REPLACE FUNCTION pg_temp.pet(street bigint, owned bigint, which bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN 6 * street + owned * (owned - 1) / 2 + mod(which, owned)
"""
_LISTED = """
CREATE OR REPLACE FUNCTION pg_temp.listed(
    street bigint, owned bigint, first_pet bigint, which bigint
) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN which < 3 THEN 6 * street + owned * (owned - 1) / 2 + mod(first_pet + which, owned)
    ELSE 6 * street
END
"""
_ONE_OF = """
CREATE OR REPLACE FUNCTION pg_temp.one_of(choices text[], n bigint, what text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN choices[1 + pg_temp.pick(n, what, cardinality(choices))]
"""
_NAME = """
CREATE OR REPLACE FUNCTION pg_temp.name(pet bigint) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN pg_temp.one_of({names}, pet, 'name')
"""
_MOMENT = """
CREATE OR REPLACE FUNCTION pg_temp.moment(n bigint, total bigint) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN timestamptz '2025-01-01 08:00+00'
    + interval '1 day' * (pg_temp.pick(0, 'first day', 365) + n * {days} / total)
    + interval '1 minute' * (mod(n * {days}, total) * 600 / total)
"""


def functions(seed: int) -> list[sql.Composed]:
    """Return the statements that create the functions for a seed."""
    values: dict[str, Any] = {
        "seed": sql.Literal(seed),
        "names": sql.Literal(list(texts.PET_NAMES)),
        "days": sql.Literal(DAYS),
    }
    statements = (_PICK, _ID, _PET, _LISTED, _ONE_OF, _NAME, _MOMENT)
    return [sql.SQL(statement).format(**values) for statement in statements]
