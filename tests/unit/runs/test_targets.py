"""A run belongs to one table, by its whole name."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql

from petrec.errors import SchemaMismatchError, UsageError
from petrec.features.runs.batches.items import numbers_of
from petrec.features.runs.batches.row_locks import AppointmentLocks, locked_as_read, versioned
from petrec.features.runs.journal.lock import blamed, key_of_target
from petrec.features.runs.journal.tables import edits, plan_items
from petrec.features.runs.run import Target
from petrec.features.runs.targets import check_target, make_target, mapped_target, target_name
from petrec.schema import Schema, TableShape, build_schema
from petrec.settings import Mapping
from tests.plugins.planned_runs import TARGET, make_run

MAPPING = Mapping(
    schema="vet data",
    tables={"recordings": "Audio"},
    columns={"recordings": {"pet_id": "animal", "updated_at": "changed"}},
)


def schema() -> Schema:
    ids = {"id": "uuid"}
    recordings = {"id": "uuid", "day": "date", "animal": "uuid", "appointment_id": "uuid",
                  "changed": "timestamp with time zone", "name": "text"}  # fmt: skip
    shapes = {
        "recordings": TableShape(recordings, ("id", "day")),
        "pets": TableShape(ids),
        "appointments": TableShape(ids),
        "appointment_pets": TableShape({"appointment_id": "uuid", "pet_id": "uuid"}),
    }
    return build_schema(MAPPING, shapes)


def test_a_target_names_the_table_as_the_database_does() -> None:
    assert make_target(schema(), ["changed"]) == Target(
        table="vet data.Audio",
        key=("id", "day"),
        pet="animal",
        touch=("updated_at",),
        name='"vet data"."Audio"',
    )
    assert mapped_target(MAPPING) == target_name(schema()) == '"vet data"."Audio"'


def test_only_timestamps_are_touched() -> None:
    with pytest.raises(UsageError, match="cannot touch 'day': it is not a timestamp") as refused:
        make_target(schema(), ["changed", "day"])
    assert refused.value.hint == "name a timestamp column"
    with pytest.raises(UsageError, match=r"'gone': vet data\.Audio has no such column"):
        make_target(schema(), ["gone"])


@pytest.mark.parametrize(
    "other", [{"table": "public.other"}, {"key": ("id", "day")}, {"pet": "animal_id"}]
)
def test_a_run_goes_on_at_its_own_table_only(other: dict[str, str]) -> None:
    check_target(make_run(), TARGET)
    check_target(make_run(target=replace(TARGET, pet="")), TARGET)
    check_target(make_run(), replace(TARGET, touch=("updated_at",), links=True))
    with pytest.raises(SchemaMismatchError, match=r"run 7 wrote to public\.recordings") as refused:
        check_target(make_run(), replace(TARGET, **other))
    assert refused.value.hint.endswith("petrec runs abandon 7")


def test_the_lock_of_a_target_is_a_signed_number_of_its_own() -> None:
    names = [f'"public"."recordings{n}"' for n in range(200)]
    keys = {key_of_target(name) for name in names}
    assert len(keys) == len(names)
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0 < max(keys)
    # Older and newer versions must meet at the same lock.
    assert key_of_target('"public"."recordings"') == -8866741399831168884


def test_blockers_are_named_where_there_are_any() -> None:
    assert blamed([]) == ""
    assert blamed(["a", "b"]) == ": blocked by a; b"


def test_numbers_travel_as_the_text_of_an_array() -> None:
    assert numbers_of(range(3)) == {"numbers": "{0,1,2}"}
    assert numbers_of([]) == {"numbers": "{}"}


def test_rows_are_locked_without_a_wait_and_without_holding_up_who_references_them() -> None:
    row = versioned(schema().tables.recordings)
    read = select(row.c.id).select_from(row)
    query = locked_as_read(schema(), read, row.c, edits.c.row_key)
    assert sql_of(query).endswith(" FOR NO KEY UPDATE OF held SKIP LOCKED")
    locks = AppointmentLocks(schema(), select(plan_items.c.seq), plan_items.c.appointment_id)
    assert " FOR UPDATE OF appointments SKIP LOCKED)" in sql_of(locks.lock_query())


def sql_of(query: Select[Any]) -> str:
    return str(query.compile(dialect=postgresql.dialect()))
