"""Everything that a role lacks for the steps is named at once, with the grant that mends it."""

from dataclasses import replace
from typing import Any

import pytest

from petrec.features.constraints.privileges import find_missing_privileges
from petrec.features.constraints.state import Problem
from tests.plugins.catalogs import ME, catalog, column, parted, table, the

INDEX, KEY, VISITS = "idx_recordings_pet_id", "fk_recordings_pet_id", "visits"
CLOSED = {"type": "code", "usable": False}


def lacking(name: str, *rows: Any, **more: Any) -> list[Problem]:
    """Return what the role lacks for the steps of one object."""
    wanted = the(name, catalog(*rows, **more))
    return list(find_missing_privileges(wanted.catalog, tuple(wanted.apply(wanted.judge()))))


@pytest.mark.parametrize("name", [INDEX, KEY, VISITS])
def test_an_owner_who_may_create_lacks_nothing(name: str) -> None:
    assert lacking(name) == []


@pytest.mark.parametrize(
    ("name", "rows", "objects", "grants"),
    [
        (INDEX, [table("recordings", owned=False, owner="The Clinic")], [INDEX],
         ['GRANT "The Clinic" TO me;']),
        (INDEX, [table("pets", owned=False, owner="other")], [], []),
        (KEY, [column("pets", "id", referable=False)], [KEY],
         ["GRANT REFERENCES ON public.pets TO me;"]),
        (KEY, [column("appointments", "id", referable=False)], [], []),
        (VISITS, [column("pets", "id", **CLOSED), column("appointments", "id", **CLOSED)],
         [VISITS] * 2, ["GRANT USAGE ON TYPE code TO me;"] * 2),
        (VISITS, [table("users"), column("users", "id", **CLOSED)], [VISITS],
         ["GRANT USAGE ON TYPE code TO me;"]),
        (VISITS, [column("recordings", "id", **CLOSED)], [VISITS],
         ["GRANT USAGE ON TYPE code TO me;"]),
        (INDEX, [column("pets", "id", **CLOSED)], [], []),
    ],
)  # fmt: skip
def test_what_is_lacking_is_named_with_its_grant(
    name: str, rows: list[Any], objects: list[str], grants: list[str]
) -> None:
    found = lacking(name, *rows)
    assert [problem.object for problem in found] == objects
    assert [problem.fix for problem in found] == grants
    assert all("role me " in problem.reason for problem in found)


def test_only_what_creates_a_relation_needs_the_right_to_create() -> None:
    nothing = replace(ME, creates=False)
    for name in (INDEX, VISITS):
        (problem,) = lacking(name, role=nothing)
        assert problem.fix == "GRANT CREATE ON SCHEMA public TO me;"
    assert lacking(KEY, role=nothing) == []


def test_a_standby_is_named_where_there_is_something_to_do() -> None:
    standby = replace(ME, standby=True)
    (problem,) = lacking(INDEX, role=standby)
    assert "standby" in problem.reason
    assert lacking(INDEX, role=standby, without=["recordings"]) == []


@pytest.mark.parametrize(
    ("schema", "may", "grants"),
    [
        ("public", {"creatable": False, "usable": False}, set()),
        ("parts", {}, set()),
        ("parts", {"usable": False}, {"GRANT USAGE ON SCHEMA parts TO me;"}),
        ("parts", {"creatable": False}, {"GRANT CREATE ON SCHEMA parts TO me;"}),
        ("parts", {"owned": False, "owner": "other"}, {"GRANT other TO me;"}),
    ],
)
def test_a_partition_is_altered_in_the_schema_that_it_is_in(
    schema: str, may: dict[str, Any], grants: set[str]
) -> None:
    of = parted(schema, **may)
    wanted = the(INDEX, of)
    found = find_missing_privileges(of, tuple(wanted.apply(wanted.judge())))
    assert {problem.fix for problem in found} == grants
