"""Results as pandas data frames; pandas is imported when a frame is asked for.

Whole numbers, fractions, truth values and text have the nullable types of pandas; ids are text;
moments are in UTC. A value that pandas cannot represent, such as an infinite timestamp, leaves its
column as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args, get_origin

import msgspec
from msgspec import Struct

from petrec.extras import need_extra

if TYPE_CHECKING:
    from pandas import DataFrame, Series


class ColumnType(StrEnum):
    """What a column of a frame holds."""

    TEXT = "string"
    WHOLE = "Int64"
    FRACTION = "Float64"
    TRUTH = "boolean"
    MOMENT = "datetime64[us, UTC]"
    OTHER = "object"


_BY_TYPE: Mapping[Any, ColumnType] = {
    str: ColumnType.TEXT,
    int: ColumnType.WHOLE,
    float: ColumnType.FRACTION,
    bool: ColumnType.TRUTH,
    datetime: ColumnType.MOMENT,
    date: ColumnType.MOMENT,
}


def frame_of(columns: Mapping[str, tuple[ColumnType, Sequence[Any]]]) -> "DataFrame":
    """Return a frame of typed columns; errors: UsageError where pandas is not installed."""
    need_extra("a data frame", "report", "pandas")
    from pandas import DataFrame  # noqa: PLC0415 - an extra

    typed = {name: _series(values, kind) for name, (kind, values) in columns.items()}
    return DataFrame(typed)


def records_frame(record: type[Struct], rows: Iterable[Struct]) -> "DataFrame":
    """Return a frame with a column for each field of a kind of record.

    The fields of a nested record have its name as a prefix; a dictionary becomes a column for each
    key.
    """
    listed = list(rows)
    columns: dict[str, tuple[ColumnType, Sequence[Any]]] = {}
    for field in msgspec.structs.fields(record):
        values = [getattr(row, field.name) for row in listed]
        columns |= _columns(field.name, field.type, values)
    return frame_of(columns)


def _columns(
    name: str, annotation: Any, values: Sequence[Any]
) -> dict[str, tuple[ColumnType, Sequence[Any]]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        found: dict[str, tuple[ColumnType, Sequence[Any]]] = {}
        for field in msgspec.structs.fields(annotation):
            inner = [getattr(value, field.name) for value in values]
            found |= _columns(f"{name}_{field.name}", field.type, inner)
        return found
    if get_origin(annotation) is dict:
        keys = dict.fromkeys(key for value in values for key in value)
        kind = _type_of(get_args(annotation)[1])
        return {
            f"{name}_{key}": (
                ColumnType.TEXT if _is_id(key) else kind,
                [value.get(key) for value in values],
            )
            for key in keys
        }
    return {name: (_type_of(annotation), values)}


def counts_frame(name: str, counts: Mapping[str, int]) -> "DataFrame":
    """Return a frame of counts by name."""
    return frame_of(
        {
            name: (ColumnType.TEXT, list(counts)),
            "count": (ColumnType.WHOLE, list(counts.values())),
        }
    )


def _is_id(key: str) -> bool:
    return key == "id" or key.endswith("_id")


def _type_of(annotation: Any) -> ColumnType:
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    if len(kinds) != 1 or not isinstance(kinds[0], type):
        return ColumnType.OTHER
    return (
        ColumnType.TEXT if issubclass(kinds[0], str) else _BY_TYPE.get(kinds[0], ColumnType.OTHER)
    )


def _series(values: Sequence[Any], kind: ColumnType) -> "Series[Any]":
    from pandas import Series, to_datetime  # noqa: PLC0415 - an extra

    dtype: Any = kind.value
    if kind is ColumnType.TEXT:
        values = [None if value is None else str(value) for value in values]
    if kind is ColumnType.FRACTION:
        values = [None if value is None else float(value) for value in values]
    plain: Series[Any] = Series(values, dtype="object")
    try:
        moments = kind is ColumnType.MOMENT
        typed: Series[Any] = to_datetime(plain, utc=True, format="ISO8601") if moments else plain
        return typed.astype(dtype)
    except (TypeError, ValueError, OverflowError):
        return plain
