"""What the catalog says of an object, and the statements that are left to do."""

from typing import Any

import pytest

from petrec.errors import UsageError
from petrec.features.constraints.objects.column import VisitColumn
from petrec.features.constraints.objects.index import Index
from petrec.features.constraints.objects.table import visits_columns
from petrec.features.constraints.state import Judgement, Presence, Step
from petrec.settings import LOGICAL_COLUMNS, Mapping
from tests.plugins.catalogs import catalog, column, index, table, the

NAME = "idx_recordings_pet_id"
VISITS: list[Any] = [
    table("visits", oid=99),
    *(column("visits", name) for name in ("id", "pet_id")),
]
VISIT_ID = column("recordings", "visit_id")


def words(steps: list[Step]) -> list[str]:
    """Return the first words of each statement, without the names of their objects."""
    return [" ".join(word for word in step.sql.split() if word.isupper()) for step in steps]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], (Presence.MISSING, "")),
        ([index(NAME, "pet_id")], (Presence.PRESENT, NAME)),
        ([index("other", "pet_id")], (Presence.EQUIVALENT, "other")),
        ([index("a", "pet_id"), index(NAME, "pet_id")], (Presence.PRESENT, NAME)),
        ([index("a", "pet_id"), index(NAME, "pet_id", valid=False)], (Presence.EQUIVALENT, "a")),
        ([index(NAME, "pet_id", valid=False)], (Presence.INVALID, NAME)),
        ([index("other", "pet_id", valid=False)], (Presence.MISSING, "")),
        ([index("a", "pet_id", valid=False, building=True)], (Presence.BEING_BUILT, "a")),
        ([index("a", "pet_id", "id")], (Presence.MISSING, "")),
        ([index("a", "pet_id", whole=False)], (Presence.MISSING, "")),
        ([index("a", "pet_id", plain=False)], (Presence.MISSING, "")),
        ([index("a", "pet_id", table="pets")], (Presence.MISSING, "")),
        ([index("a", "pet_id", schema="other")], (Presence.MISSING, "")),
        ([index(NAME, "status")], (Presence.IN_THE_WAY, NAME)),
        ([index(NAME, "pet_id", table="pets")], (Presence.IN_THE_WAY, NAME)),
    ],
)
def test_an_index_is_found_by_what_it_serves(rows: list[Any], found: tuple[str, str]) -> None:
    state = the(NAME, catalog(*rows)).judge()
    assert (state.presence, state.actual) == found


def test_what_has_the_name_of_an_index_is_described() -> None:
    taken = the(NAME, catalog(index(NAME, "status"))).judge()
    assert "of ('status',)" in taken.detail
    assert the(NAME, catalog(relations=[NAME])).judge().presence is Presence.IN_THE_WAY


def test_a_partial_index_serves_where_it_has_the_condition() -> None:
    name, columns = "idx_recordings_visit_pet", ("visit_id", "pet_id")
    for given, presence in ((True, Presence.EQUIVALENT), (False, Presence.MISSING)):
        other = index("a", *columns, where_given=given, whole=not given)
        of = the(name, catalog(*VISITS, VISIT_ID, other))
        assert of.judge().presence is presence
    assert isinstance(of, Index)
    assert of.make(of.judge())[0].sql.endswith("WHERE visit_id IS NOT NULL")


def test_an_index_is_built_after_what_a_failed_build_left() -> None:
    wanted = the(NAME, catalog())
    (build,) = wanted.apply(wanted.judge())
    assert build.sql == f"CREATE INDEX CONCURRENTLY {NAME} ON public.recordings (pet_id)"
    assert (build.object, build.rows, build.bytes) == (NAME, 1000, 80_000)
    # A page of the tree holds 28 bytes for each row, and is not filled.
    assert 28_000 < build.index_bytes < 60_000
    left = the(NAME, catalog(index(NAME, "pet_id", valid=False)))
    assert words(left.apply(left.judge())) == [
        "DROP INDEX CONCURRENTLY",
        "CREATE INDEX CONCURRENTLY ON",
    ]
    there = the(NAME, catalog(index(NAME, "pet_id")))
    assert there.apply(there.judge()) == []
    (drop,) = there.rollback(there.judge_own())
    assert drop.sql == f"DROP INDEX CONCURRENTLY public.{NAME}"


@pytest.mark.parametrize(
    ("row", "presence"),
    [
        (index(NAME, "pet_id"), Presence.PRESENT),
        (index(NAME, "pet_id", valid=False), Presence.INVALID),
        (index(NAME, "pet_id", valid=False, building=True), Presence.MISSING),
        (index(NAME, "pet_id", attachable=False), Presence.MISSING),
        (index(NAME, "pet_id", attached_to=7), Presence.MISSING),
        (index(NAME, "status"), Presence.MISSING),
        (index("other", "pet_id"), Presence.MISSING),
    ],
)
def test_a_rollback_drops_only_an_index_of_petrecs_own(row: Any, presence: Presence) -> None:
    assert the(NAME, catalog(row)).judge_own().presence is presence


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        (NAME, {"without": ["recordings"]}, "table recordings does not exist"),
        (NAME, {"without": ["recordings.pet_id"]}, "column pet_id does not exist"),
        (NAME, {"mapping": Mapping(ignore=("recordings.pet_id",))}, "recordings.pet_id"),
        ("fk_recordings_pet_id", {"without": ["pets"]}, "table pets does not exist"),
        ("fk_recordings_pet_id", {"without": ["pets.id"]}, "column id does not exist"),
        ("fk_visits_created_by", {}, "table users does not exist"),
        ("visits", {"mapping": Mapping(ignore=("visits",))}, "ignore names visits"),
        ("idx_recordings_visit_id", {"mapping": Mapping(ignore=("visits",))}, "column visit_id"),
        ("idx_recordings_visit_id", {"relations": ["visits"]}, "column visit_id"),
        ("idx_visits_pet_id", {"relations": ["visits"]}, "table visits does not exist"),
    ],
)
def test_what_an_object_needs_is_named_where_it_is_not_there(
    name: str, given: Any, reason: str
) -> None:
    state = the(name, catalog(**given)).judge()
    assert (state.presence, reason in state.detail) == (Presence.LEFT_OUT, True), state.detail


def test_visits_may_come_with_the_same_request() -> None:
    for name in ("idx_visits_pet_id", "idx_recordings_visit_id", "fk_recordings_visit_id"):
        assert the(name, catalog()).judge().presence is Presence.MISSING
        alone = the(name, catalog(), (the(name, catalog()).spec.group, "visits"))
        assert alone.judge().presence is Presence.MISSING
    by_itself = the("idx_recordings_visit_pet_newest", catalog(), ("api",))
    assert by_itself.judge().presence is Presence.LEFT_OUT
    halfway = the("idx_recordings_visit_id", catalog(table("visits"), column("visits", "pet_id")))
    assert "column visit_id" in halfway.judge().detail


def test_a_generated_column_without_values_is_required_at_most() -> None:
    virtual = catalog(column("recordings", "pet_id", virtual=True))
    assert the(NAME, virtual).judge().presence is Presence.LEFT_OUT
    assert the("recordings_pet_id_not_null", virtual).judge().presence is Presence.MISSING


@pytest.mark.parametrize(
    ("rows", "kind"),
    [([], "uuid"), ([*VISITS[:1], column("visits", "id", type="bigint")], "bigint")],
)
def test_a_visit_is_referred_to_by_the_type_of_its_id(rows: list[Any], kind: str) -> None:
    wanted = the("visit_id", catalog(*rows))
    assert wanted.judge().presence is Presence.MISSING
    (add,) = wanted.apply(wanted.judge())
    assert add.sql == f"ALTER TABLE public.recordings ADD COLUMN visit_id {kind}"
    assert list(wanted.problems()) == []
    (problem,) = the("visit_id", catalog(table("recordings", partition=True))).problems()
    assert (problem.object, "is a partition" in problem.reason) == ("visit_id", True)


def test_the_column_of_visits_is_dropped_by_the_help_of_an_index() -> None:
    def drop(*rows: Any) -> list[Step]:
        of = catalog(*VISITS, *rows)
        wanted, by_visit = the("visit_id", of), the("idx_recordings_visit_id", of)
        assert isinstance(wanted, VisitColumn)
        assert isinstance(by_visit, Index)
        return wanted.drop(wanted.judge_own(), [by_visit])

    assert drop() == []
    (last,) = drop(VISIT_ID, index("any", "visit_id"))
    assert "DROP COLUMN visit_id" in last.sql
    assert last.object == "visit_id"
    build, last = drop(VISIT_ID)
    assert build.object == "idx_recordings_visit_id"
    assert "DROP COLUMN visit_id" in last.sql
    with pytest.raises(UsageError, match=r"^idx_recordings_visit_id is in the way: ") as refused:
        drop(VISIT_ID, index("idx_recordings_visit_id", "status"))
    assert refused.value.hint


def test_a_new_table_of_visits_has_the_types_of_its_parents() -> None:
    of = catalog(
        column("recordings", "id", type="bigint"), column("pets", "id", type="integer"),
        table("users"), column("users", "id", type="text"),
    )  # fmt: skip
    made = {each.name.bare: (each.type, each.rest) for each in visits_columns(of)}
    assert made["id"] == ("bigint", "GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
    assert (made["pet_id"], made["appointment_id"]) == (("integer", "NOT NULL"), ("uuid", ""))
    assert made["created_by"] == ("text", "NOT NULL")
    assert set(made) == LOGICAL_COLUMNS["visits"]
    author = {each.name.bare: each.type for each in visits_columns(catalog())}["created_by"]
    assert author == "uuid"


def test_the_table_of_visits_is_there_with_all_its_columns_or_in_the_way() -> None:
    assert the("visits", catalog()).judge().presence is Presence.MISSING
    lacking = the("visits", catalog(*VISITS)).judge()
    assert lacking.presence is Presence.IN_THE_WAY
    named = set(lacking.detail.removeprefix("it has no ").split(", "))
    assert named == LOGICAL_COLUMNS["visits"] - {"id", "pet_id"}
    odd = the("visits", catalog(relations=["visits"])).find()
    assert odd == Judgement(Presence.IN_THE_WAY, detail="visits is not a table")
