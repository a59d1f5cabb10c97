"""Columns under the names that the settings map."""

import pytest

from petrec.schema import Schema, TableShape
from petrec.schema.build import build_schema
from petrec.settings import LOGICAL_COLUMNS, Mapping
from petrec.settings.mapping import OPTIONAL_COLUMNS

TABLES = ("recordings", "pets", "appointments", "visits")


def built(mapping: Mapping) -> Schema:
    """Return a schema whose tables have all columns that petrec knows, and one more."""
    shapes = {
        name: TableShape(dict.fromkeys([*sorted(LOGICAL_COLUMNS[name]), "room"], "uuid"), ("id",))
        for name in (*TABLES, "appointment_pets")
    }
    return build_schema(mapping, shapes)


@pytest.mark.parametrize(
    ("table", "column"), [(t, c) for t in TABLES for c in sorted(OPTIONAL_COLUMNS[t])]
)
def test_an_ignored_column_is_not_there_whatever_its_name(table: str, column: str) -> None:
    found = getattr(built(Mapping(ignore=(f"{table}.{column}",))).tables, table)
    assert column not in found.c
    assert {*found.c.keys()} == LOGICAL_COLUMNS[table] - {column} | {f"{column} (unmapped)", "room"}


def test_a_column_whose_name_another_one_has_taken_is_not_read_for_it() -> None:
    visits = built(Mapping(columns={"visits": {"pet_id": "room"}})).tables.visits
    assert visits is not None
    assert (visits.c["pet_id"].name, visits.c["pet_id (unmapped)"].name) == ("room", "pet_id")
