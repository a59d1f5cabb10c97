"""Collations by which different texts are equal: other engines compare ids by their bytes."""

from petrec.errors import SchemaMismatchError
from petrec.schema import PgType, Schema

# The columns of ids that rules compare.
COMPARED = frozenset({"id", "pet_id", "appointment_id", "visit_id", "owner_id", "pet_owner_id"})


def check_collations(schema: Schema, hint: str = "") -> None:
    """Check that ids are equal only if their bytes are; errors: SchemaMismatchError."""
    tables = schema.tables
    known = (tables.recordings, tables.pets, tables.appointments, tables.links, tables.visits)
    compared = [c for table in known if table is not None for c in table.c if c.key in COMPARED]
    for column in compared:
        if isinstance(column.type, PgType) and column.type.collation:
            raise SchemaMismatchError(
                f"{column.table.name}.{column.name} has the nondeterministic collation "
                f"{column.type.collation}: different texts are equal there, and other engines "
                "compare bytes",
                hint=hint,
            )
