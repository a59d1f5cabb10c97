"""What keeps a table from being referenced is told with the statement that helps."""

from dataclasses import replace

import pytest

from petrec.features.constraints.catalog.rows import IndexRow, UnlikeRow
from petrec.features.constraints.state import Problem
from tests.plugins.catalogs import catalog, column, index, table, the

KEY = "fk_recordings_pet_id"
PETS = sum(b"pets")


def of_pets(**more: bool) -> IndexRow:
    return index("pets_pkey", "id", table="pets", table_oid=PETS, unique=True, **more)


def test_a_parent_with_a_key_of_the_same_type_has_no_problem() -> None:
    assert list(the(KEY, catalog(of_pets())).problems()) == []
    assert list(the(KEY, catalog(without=["pets"])).problems()) == []


@pytest.mark.parametrize(
    ("parent", "child", "refused"),
    [("u", "p", True), ("u", "u", False), ("p", "u", False), ("p", "p", False)],
)
def test_a_logged_table_cannot_reference_an_unlogged_one(
    parent: str, child: str, refused: bool
) -> None:
    tables = table("pets", persistence=parent), table("recordings", persistence=child)
    problems = list(the(KEY, catalog(of_pets(), *tables)).problems())
    fix = "ALTER TABLE public.pets SET LOGGED; this rewrites all rows"
    assert [(each.object, each.fix) for each in problems] == ([(KEY, fix)] if refused else [])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "public.pets has no primary key or unique constraint on id"),
        ([replace(of_pets(), unique=False)], "public.pets has no primary key"),
        ([replace(of_pets(), table_oid=1)], "public.pets has no primary key"),
        ([of_pets(valid=False)], "pets_pkey, which makes id of public.pets unique, is not valid"),
        ([of_pets(immediate=False)], "pets_pkey, which makes id of public.pets unique, is deferr"),
    ],
)
def test_a_parent_needs_a_unique_index_that_is_checked_at_once(
    rows: list[IndexRow], reason: str
) -> None:
    (problem,) = the(KEY, catalog(*rows)).problems()
    assert problem.reason.startswith(reason)
    assert problem.fix.startswith("ALTER TABLE public.pets ADD UNIQUE (id); ")


def test_columns_of_unlike_types_are_named_with_them() -> None:
    rows = [
        UnlikeRow("recordings", "pet_id", "pets", "id", "text", "uuid"),
        UnlikeRow("recordings", "owner_id", "pets", "id", "text", "uuid"),
        UnlikeRow("recordings", "pet_id", "appointments", "id", "text", "uuid"),
        UnlikeRow("visits", "pet_id", "pets", "id", "text", "uuid"),
    ]
    wanted = the(KEY, replace(catalog(of_pets()), unlike=rows))
    reason = "public.recordings.pet_id is text, public.pets.id is uuid"
    assert list(wanted.problems()) == [Problem(KEY, reason, "give both columns the same type")]


@pytest.mark.parametrize(
    ("unreadable", "counted"),
    [(("pets", "owner_id"), True), (("pets", "id"), False), (("recordings", "pet_id"), False)],
)
def test_rows_without_a_parent_are_counted_where_both_columns_can_be_read(
    unreadable: tuple[str, str], counted: bool
) -> None:
    query = the(KEY, catalog(column(*unreadable, readable=False))).refused_rows()
    assert (query is not None) is counted
    if query is not None:
        assert query.as_string(None) == (
            "SELECT count(*) FROM public.recordings c WHERE c.pet_id IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM public.pets p WHERE p.id = c.pet_id)"
        )


def test_rows_without_a_value_are_counted_where_the_column_is_there() -> None:
    name = "recordings_pet_id_not_null"
    query = the(name, catalog()).refused_rows()
    assert query is not None
    assert query.as_string(None) == ("SELECT count(*) FROM public.recordings WHERE pet_id IS NULL")
    assert the(name, catalog(without=["recordings.pet_id"])).refused_rows() is None
