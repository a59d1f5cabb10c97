"""The tables, columns and types of the host's database, by logical names."""

from petrec.schema.build import build_schema
from petrec.schema.columns import PgType, UploadState, base_type, comparable, is_moment
from petrec.schema.tables import Proofs, Schema, Tables, TableShape, written_as

__all__ = [
    "PgType",
    "Proofs",
    "Schema",
    "TableShape",
    "Tables",
    "UploadState",
    "base_type",
    "build_schema",
    "comparable",
    "is_moment",
    "written_as",
]
