"""Ids that a spreadsheet may have changed: numbers with an exponent, lost digits, lost zeros."""

import re
from collections.abc import Iterable
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

from petrec.postgres.ids import is_text

_EXPONENT = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
# A spreadsheet keeps 15 digits of a number and writes zeros for the rest.
_FIFTEEN_DIGITS = re.compile(r"[0-9]{15}0+")
_NUMBER = r"^[0-9]{1,255}([.][0-9]{1,255})?([eE][+]?[0-9]{1,3})?$"


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
