"""Whether a text looks like an id of a column, by the column's type alone."""

import pytest
from sqlalchemy import column

from petrec.postgres.ids import has_shape
from petrec.schema import PgType

UUID = "01372c7a-f30a-8a1f-969b-109eda162cb0"


@pytest.mark.parametrize(
    ("kind", "ids", "others"),
    [
        ("uuid", [UUID], ["1", UUID[:-1], f"{UUID}0", "٣"]),
        ("integer", ["7", "-7", "2147483647"], ["2147483648", "7.0", "1e3", "٣", "seven", ""]),
        ("numeric", ["7", "-7.50", "9" * 40], ["1e3", "NaN", "٣", "seven", "7.", "--7", ""]),
        ("bytea", [r"\x00ff", r"\xAB"], ["00ff", r"\x0", r"\xgg", "seven"]),
        ("text", ["seven", "٣", UUID, "x" * 200], []),
    ],
)
def test_the_type_of_a_column_says_what_may_be_its_id(
    kind: str, ids: list[str], others: list[str]
) -> None:
    identifying = column("id", PgType(kind))
    assert [text for text in ids if not has_shape(identifying, text)] == []
    assert [text for text in others if has_shape(identifying, text)] == []
