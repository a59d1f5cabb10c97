"""Columns: the types that the database reports, and the values that petrec knows."""

import re
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.types import UserDefinedType

_MOMENT = re.compile(r"date|timestamp(\(\d\))? (with|without) time zone")
# Ids that are compared must be of one family: otherwise PostgreSQL refuses, or petrec guesses.
_FAMILIES = (
    frozenset({"smallint", "integer", "bigint"}),
    frozenset({"text", "character varying", "bpchar"}),
)

# Which column of which table names a row of which other table, by logical names.
REFERENCES = (
    ("recordings", "pet_id", "pets"),
    ("recordings", "appointment_id", "appointments"),
    ("recordings", "visit_id", "visits"),
    ("appointment_pets", "pet_id", "pets"),
    ("appointment_pets", "appointment_id", "appointments"),
    ("visits", "pet_id", "pets"),
    ("visits", "appointment_id", "appointments"),
)


def comparable(one: str, other: str) -> bool:
    """Return whether values of two types, by name, are compared as they are."""
    return one == other or any({one, other} <= family for family in _FAMILIES)


class PgType(UserDefinedType[Any]):
    """A column type by the name that PostgreSQL gives it, such as `uuid` or `bigint`.

    `base` is the name of a domain's base type; else `name`. `collation` is the name of a
    nondeterministic collation, by which different texts are equal; else empty.
    https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC
    """

    cache_ok = True

    def __init__(
        self, name: str, base: str = "", *, is_enum: bool = False, collation: str = ""
    ) -> None:
        self.name = name
        self.base = base or name
        self.is_enum = is_enum
        self.collation = collation

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name for CAST and DDL."""
        return self.name


def base_type(column: ColumnElement[Any]) -> str:
    """Return the name of a column's type, or of a domain's base type."""
    return column.type.base if isinstance(column.type, PgType) else str(column.type)


def is_enum(column: ColumnElement[Any]) -> bool:
    """Return whether a column holds the values of an enum."""
    return isinstance(column.type, PgType) and column.type.is_enum


def is_moment(column: ColumnElement[Any]) -> bool:
    """Return whether a column is a date or timestamp, or a domain of one."""
    return _MOMENT.fullmatch(base_type(column)) is not None


class UploadState(StrEnum):
    """The values of recordings.status that an upload goes through."""

    PENDING = "pending"
    UPLOADED = "uploaded"


# Not one of the states that every database must hold: only who ends an upload needs it.
FAILED = "failed"
