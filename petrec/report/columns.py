"""What a column can be read as: the host's types may be others than the contract's."""

from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

# The type behind a domain, its category (S text, E enum), and whether an enum has the word.
_BASE = text("""
    WITH RECURSIVE base AS (
        SELECT t.oid, t.typtype, t.typbasetype, t.typcategory FROM pg_catalog.pg_type t
        WHERE t.oid = CAST(:type AS pg_catalog.regtype)
        UNION ALL
        SELECT t.oid, t.typtype, t.typbasetype, t.typcategory
        FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype
        WHERE base.typtype = 'd'
    )
    SELECT pg_catalog.format_type(oid, NULL), CAST(typcategory AS text), EXISTS (
        SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = base.oid AND e.enumlabel = :word)
    FROM base WHERE typtype <> 'd'
""")
_TIMES = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})


@dataclass(frozen=True)
class Unreadable:
    """Why the columns of one question cannot be read; `reason` is empty where one is absent."""

    reason: str = ""


def cannot_read(
    connection: Connection, table: Table, time: str, word: str, value: str
) -> Unreadable | None:
    """Return why rows cannot be counted by day and word; None where they can.

    `time` must be a column of moments, `word` one of texts or an enum that has `value`.
    """
    if not {time, word} <= set(table.c.keys()):
        return Unreadable()
    if not holds_time(connection, table, time):
        return Unreadable(f"{named(table, time)}, not a date or timestamp")
    _, category, has_word = _base(connection, table, word, value)
    if category == "S" or has_word:
        return None
    return Unreadable(f"{named(table, word)}, which cannot be {value!r}")


def holds_time(connection: Connection, table: Table, name: str) -> bool:
    """Return whether a column is a date or timestamp, or a domain of one."""
    return name in table.c and _base(connection, table, name)[0] in _TIMES


def named(table: Table, name: str) -> str:
    """Return a column and its type as words."""
    column = table.c[name]
    return f"{table.fullname}.{column.name} is {column.type}"


def _base(connection: Connection, table: Table, name: str, word: str = "") -> tuple[str, str, bool]:
    found = connection.execute(_BASE, {"type": str(table.c[name].type), "word": word})
    base, category, has_word = found.one()
    return base, category, has_word
