"""Ids as people and spreadsheets write them, brought to the form that PostgreSQL writes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    Text,
    any_,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from petrec.schema import PgType, base_type

_AT_ONCE = 5_000
_TEXTS = ("text", "character varying", "character(", "bpchar", "name", "citext")
_EXPONENT = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
# A spreadsheet keeps 15 digits of a number and writes zeros for the rest.
_FIFTEEN_DIGITS = re.compile(r"[0-9]{15}0+")
_NUMBER = r"^[0-9]{1,255}([.][0-9]{1,255})?([eE][+]?[0-9]{1,3})?$"


def normal_ids(
    connection: Connection, column: ColumnElement[Any], texts: Iterable[str]
) -> dict[str, str]:
    """Return each text that is an id of the column's type, with the id as PostgreSQL writes it.

    The type itself decides, so that whatever it refuses, cuts or rounds is no id. Works within the
    caller's transaction, by savepoints.
    """
    wanted = sorted({text for text in texts if "\0" not in text})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found.update(_accepted(connection, column, wanted[start : start + _AT_ONCE]))
    return {text: normal for text, normal in found.items() if not _is_cut(text, normal)}


def is_text(column: ColumnElement[Any]) -> bool:
    """Return whether ids are texts, in which 00123 and 1E5 are no numbers."""
    return base_type(column).rpartition(".")[2].startswith(_TEXTS)


def has_exponent(text: str) -> bool:
    """Return whether a spreadsheet may have written an id as a number such as 1.2E+15."""
    return _EXPONENT.fullmatch(text) is not None


def has_lost_digits(text: str) -> bool:
    """Return whether a spreadsheet may have kept only 15 digits of an id."""
    return _FIFTEEN_DIGITS.fullmatch(text) is not None


def number_twins(
    connection: Connection, column: ColumnElement[Any], ids: Iterable[str]
) -> dict[str, str]:
    """Return ids that look like numbers, each with another id of the same number: 123 and 00123.

    A spreadsheet writes a text that looks like a number as that number, so neither is certain.
    """
    wanted = [each for each in sorted(set(ids)) if re.fullmatch("[0-9]{1,255}", each)]
    if not wanted or not is_text(column):
        return {}
    text = cast(column, Text)
    number = case((text.op("~")(_NUMBER), func.trim_scale(cast(text, Numeric))))
    numbers = cast(literal(wanted, ARRAY(Text)), ARRAY(Numeric))
    twins = select(cast(number, Text), text).where(
        number == any_(numbers), text != cast(number, Text)
    )
    return {row[0]: row[1] for row in connection.execute(twins)}


def _accepted(
    connection: Connection, column: ColumnElement[Any], texts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Cast all at once; where one is refused, look for it by halves."""
    try:
        with connection.begin_nested():
            found = connection.execute(_casts(column, texts)).all()
    except (DataError, IntegrityError, ProgrammingError):
        if len(texts) > 1:
            half = len(texts) // 2
            yield from _accepted(connection, column, texts[:half])
            yield from _accepted(connection, column, texts[half:])
        return
    yield from ((text, normal) for text, normal in found)


def _casts(column: ColumnElement[Any], texts: Sequence[str]) -> Any:
    given = func.unnest(cast(literal(list(texts), ARRAY(Text)), ARRAY(Text))).column_valued("given")
    typed = cast(given, column.type)
    # Without its length or scale, the type neither cuts nor rounds.
    whole = cast(given, _without_modifier(column))
    return select(given, cast(typed, Text)).where(typed == whole)


def _without_modifier(column: ColumnElement[Any]) -> PgType:
    name = str(column.type)
    if name.startswith("character("):
        return PgType("bpchar")
    if name.startswith("bit("):
        return PgType("varbit")
    before, _, after = name.partition("(")
    return PgType(before + after.partition(")")[2])


def _is_cut(text: str, normal: str) -> bool:
    """A domain's length is not in its name: it cuts, too."""
    return text != normal and text.startswith(normal) and bool(text[len(normal) :].strip())
