"""A run's items by their numbers, given at execution."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Table, Text, and_, any_, bindparam, cast
from sqlalchemy.dialects.postgresql import ARRAY


def numbered(table: Table, mine: ColumnElement[bool]) -> ColumnElement[bool]:
    """Select items by number; see `numbers_of` for the parameter.

    The array travels as text: the driver would adapt its thousands of integers one by one, for
    every statement anew.
    """
    numbers = cast(bindparam("numbers", type_=Text), ARRAY(BigInteger))
    return and_(mine, table.c.seq == any_(numbers))


def numbers_of(page: Sequence[int]) -> dict[str, str]:
    """Return the parameter of `numbered`."""
    return {"numbers": f"{{{','.join(map(str, page))}}}"}
