"""Results as data frames: typed columns, also without rows, and nothing lost that has no type."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from msgspec import Struct

from petrec.documents.frames import ColumnType, counts_frame, frame_of, records_frame


class Mood(StrEnum):
    GLAD = "glad"


class Inner(Struct, frozen=True):
    file: str
    line: int


class Outer(Struct, frozen=True):
    id: str
    mood: Mood
    number: int | None
    share: float
    held: bool
    at: datetime
    day: date
    place: Inner
    counts: dict[str, int]
    values: dict[str, Any]
    names: tuple[str, ...] = ()


NOON = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
ROWS = [
    Outer("007", Mood.GLAD, 2**53 + 1, 0.5, True, NOON, date(2026, 3, 1), Inner("a", 1),
          {"ok": 1}, {"pet_id": 7}, ("x",)),
    Outer("8", Mood.GLAD, None, 1.5, False, NOON, date(2026, 3, 1), Inner("b", 2),
          {"bad": 2}, {"pet_id": None, "note": "n"}),
]  # fmt: skip


def test_columns_have_the_types_of_the_fields() -> None:
    frame = records_frame(Outer, ROWS)
    types = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    moment = "datetime64[us, UTC]"
    assert types == {
        "id": "string", "mood": "string", "number": "Int64", "share": "Float64", "held": "boolean",
        "at": moment, "day": moment, "place_file": "string", "place_line": "Int64",
        "counts_ok": "Int64", "counts_bad": "Int64", "values_pet_id": "string",
        "values_note": "object", "names": "object",
    }  # fmt: skip
    assert frame["id"].tolist() == ["007", "8"]
    assert frame["number"][0] == 2**53 + 1
    assert frame["at"][0].to_pydatetime() == NOON
    assert frame["values_pet_id"][0] == "7"
    assert frame.isna().sum().sum() == 5


def test_a_frame_without_rows_has_the_same_types() -> None:
    none, some = records_frame(Outer, []), records_frame(Outer, ROWS)
    shared = [name for name in some.columns if not str(name).startswith(("counts_", "values_"))]
    assert none.dtypes[shared].equals(some.dtypes[shared])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ColumnType.MOMENT, "infinity"),
        (ColumnType.MOMENT, "0044-03-15 00:00:00+00 BC"),
        (ColumnType.WHOLE, 2**70),
    ],
)
def test_a_value_that_pandas_cannot_represent_is_kept(kind: ColumnType, value: Any) -> None:
    frame = frame_of({"x": (kind, [value, None])})
    assert frame["x"].tolist() == [value, None]


def test_moments_of_any_zone_and_form_are_in_utc() -> None:
    texts = ["2026-03-01T14:00:00.5+02:00", "2026-03-01 12:00:00.5+00", "2026-03-01T12:00:00.5"]
    frame = frame_of({"at": (ColumnType.MOMENT, texts)})
    assert len(set(frame["at"])) == 1
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"


def test_a_frame_has_a_row_for_each_count() -> None:
    frame = counts_frame("kind", {"a": 1, "b": 0})
    assert frame.to_dict("list") == {"kind": ["a", "b"], "count": [1, 0]}
