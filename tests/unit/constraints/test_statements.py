"""The locks of each statement, and which tables' owner may run it."""

from dataclasses import replace
from typing import Any

import pytest

from petrec.features.constraints.drop_visits import drop_steps
from petrec.features.constraints.names import Name, joined, part_index, template
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.table import VisitsTable
from petrec.features.constraints.plan import Request
from petrec.features.constraints.state import Presence, Problem
from petrec.features.constraints.statements.constraint import (
    AddForeignKey,
    DropConstraint,
    MergeForeignKeys,
    Validate,
)
from petrec.features.constraints.statements.index import AttachIndex, CreateIndexOnly
from petrec.features.constraints.statements.table import DropEmptyColumn, DropEmptyTable
from petrec.features.constraints.stranded import stranded_rows
from petrec.settings import LOGICAL_COLUMNS, Mapping
from tests.plugins.catalogs import ME, catalog, column, index, table, the

WHOLE, PART, PARENT, NAME = Name("s", "whole"), Name("s", "part"), Name("s", "parent"), Name("k")
KEY = {
    "table": WHOLE, "below": (PART,), "name": NAME, "columns": (Name("a"), Name("b")),
    "parent": PARENT, "referenced": (Name("c"), Name("d")), "on_delete": "CASCADE",
}  # fmt: skip
OF_KEY = {"table": WHOLE, "below": (PART,), "name": NAME, "parent": PARENT}
VISITS: list[Any] = [
    table("visits"),
    *(column("visits", name) for name in sorted(LOGICAL_COLUMNS["visits"])),
]


@pytest.mark.parametrize(
    ("statement", "locks"),
    [
        (AddForeignKey(**KEY), "ShareRowExclusive whole parent part"),  # type: ignore[arg-type]
        (MergeForeignKeys(**KEY),  # type: ignore[arg-type]
         "ShareRowExclusive whole part, AccessExclusive parent"),
        (Validate(**OF_KEY),  # type: ignore[arg-type]
         "ShareUpdateExclusive whole, RowShare parent, ShareUpdateExclusive part"),
        (DropConstraint(**OF_KEY), "AccessExclusive whole parent part"),  # type: ignore[arg-type]
        (DropConstraint(table=WHOLE, name=NAME), "AccessExclusive whole"),
        (AttachIndex(table=PART, whole=WHOLE, piece=PART),
         "ShareUpdateExclusive whole, AccessExclusive part"),
        (CreateIndexOnly(table=WHOLE, name=NAME, columns=(NAME,)), "Share whole"),
    ],
)  # fmt: skip
def test_a_statement_names_its_locks(statement: AddForeignKey, locks: str) -> None:
    expected = [
        (f"{mode}Lock", f"s.{name}")
        for part in locks.split(", ")
        for mode, *names in [part.split()]
        for name in names
    ]
    assert [(str(lock.mode), lock.table) for lock in statement.locks] == expected


def test_a_drop_looks_again_under_its_lock_and_quotes_what_it_says() -> None:
    odd = Name("s", "o'$petrec$")
    text = DropEmptyTable(table=odd).sql
    assert text.startswith("DO $petrec_$ BEGIN LOCK TABLE ")
    assert text.endswith(" END $petrec_$")
    assert "o''$petrec$" in text
    column = DropEmptyColumn(table=WHOLE, column=Name("v")).sql
    looks = "IF EXISTS (SELECT FROM s.whole WHERE v IS NOT NULL) THEN RAISE "
    assert looks in column
    assert column.index("LOCK TABLE s.whole") < column.index(looks) < column.index("DROP COLUMN v")


def test_names_are_cut_between_characters_and_stay_apart() -> None:
    assert joined("\u00e4" * 40, "_end") == "\u00e4" * 29 + "_end"
    assert part_index("p", "idx_recordings_pet_id") == "idx_p_pet_id"
    long = [part_index(f"{'p' * 60}{n}", "idx_recordings_pet_id") for n in range(2)]
    assert all(name.startswith("idx_recordings_pet_id_") for name in long)
    assert [len(name) for name in long] == [34, 34]
    assert len(set(long)) == 2
    assert template(Name("a{b}")) == '"a{{b}}"'


def test_visits_are_dropped_after_what_refers_to_them() -> None:
    held = catalog(
        *VISITS,
        column("recordings", "visit_id"),
        index("idx_recordings_visit_pet", "visit_id", "pet_id", whole=False, where_given=True),
        index("idx_recordings_visit_id", "visit_id"),
        index("idx_visits_pet_id", "pet_id", table="visits", table_oid=sum(b"visits")),
    )
    asked = Request(Mapping(), ("visits",), "CASCADE")
    steps = list(drop_steps([(each, each.judge_own()) for each in asked.objects(held)]))
    assert [step.object for step in steps] == ["visit_id", "idx_visits_pet_id", "visits"]
    # Of an empty column a partial index is built soonest.
    bare = catalog(*VISITS, column("recordings", "visit_id"))
    steps = list(drop_steps([(each, each.judge_own()) for each in asked.objects(bare)]))
    assert [step.object for step in steps] == ["idx_recordings_visit_pet", "visit_id", "visits"]


def test_readers_of_recordings_get_a_grant_from_the_owner_of_visits() -> None:
    def granted(*rows: Any, without: Presence = Presence.MISSING) -> list[str]:
        of = catalog(*rows, role=replace(ME, readers=["ann", '"Bob"']))
        wanted = the("visits", of)
        assert isinstance(wanted, VisitsTable)
        assert wanted.judge().presence is without
        return [step.sql for step in wanted.grants(wanted.judge())]

    grants = [f"GRANT SELECT ON public.visits TO {role}" for role in ("ann", '"Bob"')]
    assert granted() == grants
    assert granted(*VISITS, without=Presence.PRESENT) == grants
    theirs = [table("visits", owned=False), *VISITS[1:]]
    assert granted(*theirs, without=Presence.PRESENT) == []
    assert granted(*VISITS[:3], without=Presence.IN_THE_WAY) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("fk_recordings_pet_id", 1), ("recordings_pet_id_not_null", 1), ("idx_recordings_pet_id", 0)],
)
def test_rows_that_nobody_sees_are_told_where_something_checks_them(name: str, told: int) -> None:
    def problems(of: Object) -> list[Problem]:
        return list(stranded_rows(of.catalog, [of]))

    assert problems(the(name, catalog())) == []
    mapping = Mapping(schema="o'neil")
    found = problems(the(name, catalog(table("recordings", stranded=True), mapping=mapping)))
    fix = """SELECT truncate_local_data_after_distributing_table('"o''neil"."recordings"');"""
    assert [each.fix for each in found] == [fix] * told
