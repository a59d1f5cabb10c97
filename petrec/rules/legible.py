"""Text of a database without an encoding (SQL_ASCII), whose bytes may not be valid UTF-8."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, or_

from petrec.schema import Schema

_NOTE = "(not valid UTF-8)"
# Bytes as hexadecimal digits: https://www.unicode.org/versions/latest/ table 3-7.
_NEXT = "[89ab][0-9a-f]"
_UTF8 = (
    "^(?:[0-7][0-9a-f]"
    f"|(?:c[2-9a-f]|d[0-9a-f]){_NEXT}"
    f"|e0[ab][0-9a-f]{_NEXT}|e[1-9a-cef]{_NEXT}{_NEXT}|ed[89][0-9a-f]{_NEXT}"
    f"|f0[9ab][0-9a-f]{_NEXT}{_NEXT}|f[1-3]{_NEXT}{_NEXT}{_NEXT}|f48[0-9a-f]{_NEXT}{_NEXT})*$"
)


def legible(schema: Schema, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column, with a note instead of invalid bytes.

    Otherwise the server refuses to send the whole result.
    """
    if not schema.unchecked_text:
        return column
    digits = func.encode(func.convert_to(cast(column, Text), "SQL_ASCII"), "hex")
    valid = or_(column.is_(None), digits.regexp_match(_UTF8))
    return case((valid, cast(column, Text)), else_=_NOTE)
