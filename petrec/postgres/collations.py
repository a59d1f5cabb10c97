"""Collations by which different texts are equal: other engines compare ids by their bytes."""

from sqlalchemy import Connection, text

from petrec.errors import SchemaMismatchError
from petrec.schema import Schema

# The columns of ids that rules compare.
COMPARED = frozenset({"id", "pet_id", "appointment_id", "visit_id", "owner_id", "pet_owner_id"})
# https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC
_NONDETERMINISTIC = text("""
SELECT c.relname, a.attname, k.collname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_collation k ON k.oid = a.attcollation
WHERE n.nspname = :schema AND c.relname = ANY(:names)
  AND a.attnum > 0 AND NOT a.attisdropped AND NOT k.collisdeterministic
ORDER BY c.relname, a.attnum
""")


def check_collations(connection: Connection, schema: Schema, hint: str = "") -> None:
    """Check that ids are equal only if their bytes are; errors: SchemaMismatchError."""
    tables = schema.tables
    known = (tables.recordings, tables.pets, tables.appointments, tables.links, tables.visits)
    compared = {
        (table.name, column.name)
        for table in known
        if table is not None
        for column in table.c
        if column.key in COMPARED
    }
    names = sorted({name for name, _ in compared})
    given = {"schema": tables.recordings.schema, "names": names}
    for table, column, collation in connection.execute(_NONDETERMINISTIC, given):
        if (table, column) in compared:
            raise SchemaMismatchError(
                f"{table}.{column} has the nondeterministic collation {collation}: different texts "
                "are equal there, and other engines compare bytes",
                hint=hint,
            )
