"""Columns in the wire format: a value that cannot be converted is NULL, not an error.

Columns may have other types than the contract's, and values that Python cannot hold (NaN, infinity,
years before 1 or after 9999). They are converted by the database, so that no page fails by one row.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Numeric,
    Text,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
)

from petrec.api.access import Columns
from petrec.api.http.cursor import After
from petrec.schema import base_type, is_enum

_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TEXTS = ("text", "character varying", "character")
_TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_DAY = r"^\d{4}-\d\d-\d\d$"
_NUMBER = r"^-?\d{1,15}(\.\d{1,15})?$"
_YES, _NO = "^(t|true|y|yes|on|1)$", "^(f|false|n|no|off|0)$"
# More than any number of a clinic, but within all types; NaN is above it.
_LARGEST = 9e17


def _kind(column: ColumnElement[Any]) -> str:
    """Return the name of the type, or of a domain's base type, without length or precision."""
    name = base_type(column).lower()
    head, _, rest = name.partition("(")
    return head.strip() + rest.partition(")")[2]


def is_time(column: ColumnElement[Any]) -> bool:
    """Return whether a column holds dates or times."""
    return _kind(column) in _TIMES


def as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return any column as text."""
    return cast(column, Text)


def as_moment(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a time as `2025-09-01T14:00:00Z`; a date is its midnight, a number is not a time."""
    kind = _kind(column)
    if kind in _TEXTS:
        return case((cast(column, Text).op("~")(_MOMENT), cast(column, Text)), else_=null())
    return _formatted(column, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')


def as_day(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a day as `2025-09-01`."""
    kind = _kind(column)
    if kind in _TEXTS:
        return case((cast(column, Text).op("~")(_DAY), cast(column, Text)), else_=null())
    return _formatted(column, "YYYY-MM-DD")


def _formatted(column: ColumnElement[Any], form: str) -> ColumnElement[Any]:
    """Format a time in UTC, if its year has four digits."""
    kind = _kind(column)
    if kind not in _TIMES:
        return cast(null(), Text)
    zoned = kind == _TIMES[0]
    naive = func.timezone(literal_column("'UTC'"), column) if zoned else cast(column, DateTime)
    # The cast of a far date would fail, so only near ones are cast.
    like: Any = Date() if kind == "date" else DateTime(timezone=zoned)
    first, end = (
        cast(literal_column(f"'{year:04}-01-01 00:00:00+00'"), like) for year in (1, 10_000)
    )
    shown = func.to_char(naive, literal_column(f"'{form}'"))
    return case(((column >= first) & (column < end), shown), else_=null())


def as_number(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number; an interval in seconds."""
    return cast(_finite(column), Double)


def as_count(column: ColumnElement[Any], *, seconds: int = 1) -> ColumnElement[Any]:
    """Return a whole number; an interval in units of some seconds; NULL for fractions."""
    if _kind(column) in _INTEGERS:
        return case((_near(column), cast(column, BigInteger)), else_=null())
    number = _finite(column)
    if _kind(column) == "interval":
        number = number / seconds
    return case((number == func.trunc(number), cast(number, BigInteger)), else_=null())


def _finite(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as numeric with fifteen decimals; NULL if it is not finite."""
    kind, wide = _kind(column), Numeric()
    if kind in _TEXTS:
        given = cast(column, Text)
        return case((given.op("~")(_NUMBER), cast(given, wide)), else_=null())
    if kind == "interval":
        column = extract("epoch", column)
    elif kind not in (*_INTEGERS, *_FLOATS, "numeric"):
        return cast(null(), wide)
    # Float to numeric keeps fifteen digits; through text all of them.
    exact = cast(cast(column, Text), wide) if kind in _FLOATS else cast(column, wide)
    return case((_near(column), func.trunc(exact, literal_column("15"))), else_=null())


def _near(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.between(literal_column(f"{-_LARGEST:.0f}"), literal_column(f"{_LARGEST:.0f}"))


def as_flag(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return yes or no."""
    kind = _kind(column)
    if kind == "boolean":
        return column
    if kind in (*_INTEGERS, "numeric"):
        return column != literal_column("0")
    if kind not in _TEXTS:
        return cast(null(), Boolean)
    given = func.lower(cast(column, Text))
    return case(
        (given.op("~")(_YES), literal(True)), (given.op("~")(_NO), literal(False)), else_=null()
    )


def as_position(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as text that a cast to its type reads in every session, for a cursor."""
    if is_time(column):
        # ISO 8601 with the zone, for every DateStyle; also infinity and years BC.
        return func.to_jsonb(column).op("#>>")(literal_column("'{}'"))
    return cast(column, Text)


_NAIVE = "timestamp without time zone"


def or_null(c: Columns, name: str) -> ColumnElement[Any]:
    """Return the column, or NULL where there is none."""
    found: ColumnElement[Any] | None = c.get(name)
    return cast(null(), Text) if found is None else found


def as_column(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return what is bound to a name, as the column's type; columns without a zone are in UTC."""
    return cast(_in_zone(column, name), column.type)


def comes_after(
    at: ColumnElement[Any], key: ColumnElement[Any], after: After
) -> ColumnElement[bool]:
    """Return whether a row follows `after_at`, `after_id`, latest first, untimed rows leading."""
    if after is After.UNTIMED:
        return or_(at.is_not(None), key < bindparam("after_id"))
    return tuple_(at, key) < tuple_(cast(bindparam("after_at"), at.type), bindparam("after_id"))


def has_status(c: Columns) -> ColumnElement[bool]:
    """Return whether a row has the status that is bound, in a form that an index answers.

    No index has the text of an enum's value; a text that is none of its values is no row's.
    """
    given: ColumnElement[Any] = bindparam("status")
    kind = c.status.type
    if not is_enum(c.status):
        return cast(c.status, Text) == given
    values = func.unnest(func.enum_range(cast(null(), kind)), type_=kind).column_valued("value")
    named = select(values).where(cast(values, Text) == given).scalar_subquery()
    found: ColumnElement[bool] = c.status == named
    return found


def _in_zone(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Convert to UTC explicitly: a cast would use the session's time zone."""
    value: ColumnElement[Any] = bindparam(name)
    return func.timezone("UTC", value) if str(column.type) == _NAIVE else value
