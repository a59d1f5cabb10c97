"""What a column can be read as: its type may differ from the contract's."""

from dataclasses import dataclass

from sqlalchemy import Table, text

from petrec.schema import base_type, is_moment
from petrec.source import Source

# Whether a type is a text type, or an enum that has the word.
_HOLDS = text("""
    SELECT t.typcategory = 'S' OR EXISTS (
        SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid AND e.enumlabel = :word)
    FROM pg_catalog.pg_type t WHERE t.oid = CAST(:type AS pg_catalog.regtype)
""")


@dataclass(frozen=True)
class UnreadableColumn:
    """Why the columns of one query cannot be read; `reason` is empty if one is missing."""

    reason: str = ""


def cannot_read(
    source: Source, table: Table, time: str, word: str, value: str
) -> UnreadableColumn | None:
    """Return why rows cannot be counted by day and word; None if they can.

    `time` must be a column of moments, `word` one of texts or an enum that has `value`.
    """
    if not {time, word} <= set(table.c.keys()):
        return UnreadableColumn()
    if not is_moment(table.c[time]):
        return UnreadableColumn(f"{named(table, time)}, not a date or timestamp")
    if _holds(source, base_type(table.c[word]), value):
        return None
    return UnreadableColumn(f"{named(table, word)}, which cannot be {str(value)!r}")


def _holds(source: Source, type_name: str, value: str) -> bool:
    """Return whether a type has the value; in files, a word is always text."""
    asked = {"type": type_name, "word": value}
    return not source.is_database or bool(source.database.scalar(_HOLDS, asked))


def named(table: Table, name: str) -> str:
    """Return a column and its type as words."""
    column = table.c[name]
    return f"{table.fullname}.{column.name} is {column.type}"
