"""NOT NULL of a pet: by a constraint of its own from version 18 on, by a check before."""

from dataclasses import replace
from typing import Any

import pytest

from petrec.features.constraints.state import Presence
from tests.plugins.catalogs import catalog, column, constraint, parted, the

NAME = "recordings_pet_id_not_null"
CHECK = constraint(NAME, "pet_id", demands_value=True)
UNCHECKED = constraint(NAME, "pet_id", demands_value=True, valid=False)
NATIVE = constraint(NAME, "pet_id", type="n", valid=False)
SET = column("recordings", "pet_id", required=True)
VERBS = ("ADD", "VALIDATE", "SET", "DROP")


@pytest.mark.parametrize(
    ("version", "rows", "presence", "steps"),
    [
        (18, [], Presence.MISSING, ["ADD", "VALIDATE"]),
        (18, [NATIVE, SET], Presence.INVALID, ["VALIDATE"]),
        (18, [CHECK], Presence.INVALID, ["SET", "DROP"]),
        (18, [SET], Presence.PRESENT, []),
        (17, [], Presence.MISSING, ["ADD", "VALIDATE", "SET", "DROP"]),
        (17, [UNCHECKED], Presence.INVALID, ["VALIDATE", "SET", "DROP"]),
        (17, [CHECK], Presence.INVALID, ["SET", "DROP"]),
        (17, [CHECK, SET], Presence.INVALID, ["DROP"]),
        (17, [SET], Presence.PRESENT, []),
        (17, [constraint(NAME, "id")], Presence.IN_THE_WAY, []),
        (17, [constraint("other", "pet_id", demands_value=True)], Presence.MISSING,
         ["ADD", "VALIDATE", "SET", "DROP"]),
    ],
)  # fmt: skip
def test_a_pet_is_required_by_the_steps_that_are_left(
    version: int, rows: list[Any], presence: Presence, steps: list[str]
) -> None:
    wanted = the(NAME, catalog(*rows, version=version))
    state = wanted.judge()
    assert state.presence is presence
    left = [step.sql for step in wanted.apply(state)]
    done = [next(word for word in sql.split() if word in VERBS) for sql in left]
    assert done == steps
    assert all(NAME in sql or "SET NOT NULL" in sql for sql in left)


def test_a_rollback_leaves_a_not_null_that_others_made() -> None:
    def own(*rows: Any, **more: Any) -> Presence:
        return the(NAME, catalog(*rows, **more)).judge_own().presence

    named = constraint("theirs", "pet_id", type="n")
    assert own(SET) is Presence.PRESENT
    assert own(SET, constraint(f"{NAME}1", "pet_id", type="n")) is own(SET)
    assert own(SET, named) is own() is Presence.MISSING
    assert own(SET, pinned="it is a key") is Presence.MISSING
    assert own(CHECK) is Presence.INVALID
    kept = the(NAME, catalog(SET, named))
    assert "theirs" in kept.why_left()
    pinned = the(NAME, catalog(SET, pinned="it is a key"))
    assert pinned.why_left().endswith("it is a key")


@pytest.mark.parametrize(
    ("rows", "version"), [([], 18), ([NATIVE, SET], 18), ([], 17), ([CHECK, SET], 17)]
)
def test_every_step_on_a_partitioned_table_locks_its_partitions(
    rows: list[Any], version: int
) -> None:
    of = replace(parted("parts", *rows), version=version)
    wanted = the(NAME, of)
    steps = [*wanted.apply(wanted.judge()), *wanted.unmake(wanted.judge())]
    column = the("visit_id", of)
    steps += column.apply(column.judge())
    assert len(steps) > 1
    for step in steps:
        assert [lock.table for lock in step.locks] == ["public.recordings", "parts.part"], step.sql
        assert step.statement.owned == step.statement.owned[:2]


def test_a_partition_that_uses_the_name_for_something_else_is_named() -> None:
    def taken(version: int, **more: Any) -> list[str]:
        row = constraint(NAME, "pet_id", **{"table_oid": 2, "schema": "parts", **more})
        wanted = the(NAME, replace(parted("parts", row), version=version))
        return [f"{part} {name}" for part, name in wanted.names_taken(wanted.judge())]

    other = [f"parts.part {NAME}"]
    assert taken(18, type="n", local=False) == []
    assert taken(18, type="n") == other
    assert taken(18, local=False, demands_value=True) == other
    assert taken(17, local=False, demands_value=True) == []
    assert taken(17, demands_value=True) == other
    assert taken(17, local=False) == other
    assert taken(18, type="n", table_oid=7) == []
