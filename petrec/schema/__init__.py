"""The tables, columns and types of the host's database, by logical names."""

from petrec.schema.build import build_schema
from petrec.schema.columns import (
    FAILED,
    REFERENCES,
    PgType,
    UploadState,
    base_type,
    comparable,
    is_enum,
    is_moment,
)
from petrec.schema.layout import PLAIN, Layout, Placement, Spread, layout_of
from petrec.schema.tables import Proofs, Schema, Tables, TableShape, written_as
from petrec.schema.writing import as_parent_writes, is_written_once, one_writing

__all__ = [
    "FAILED",
    "PLAIN",
    "REFERENCES",
    "Layout",
    "PgType",
    "Placement",
    "Proofs",
    "Schema",
    "Spread",
    "TableShape",
    "Tables",
    "UploadState",
    "as_parent_writes",
    "base_type",
    "build_schema",
    "comparable",
    "is_enum",
    "is_moment",
    "is_written_once",
    "layout_of",
    "one_writing",
    "written_as",
]
