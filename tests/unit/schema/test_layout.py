"""What petrec reads, writes and refuses in each layout of a Citus cluster."""

from dataclasses import replace

import pytest

from petrec.errors import UnsupportedServerError
from petrec.schema import PLAIN, Layout, Placement, Spread, layout_of
from petrec.settings import Mapping

HERE = Placement()
MANAGED = Placement(Spread.MANAGED)
COPIED = Placement(Spread.REFERENCE, 3)
TENANT = Placement(Spread.TENANT, 5)
OTHER_TENANT = Placement(Spread.TENANT, 6)
BY_ID = Placement(Spread.HASHED, 4, "id")
BY_APPOINTMENT = Placement(Spread.HASHED, 4, "appointment_id")
ELSEWHERE = Placement(Spread.HASHED, 7, "appointment_id")
BY_PET = Placement(Spread.HASHED, 4, "pet_id")
APPENDED = Placement(Spread.OTHER, 8, "id")
ORDER = ("recordings", "appointments", "appointment_pets", "pets", "visits")

HASHED_ROWS = (BY_APPOINTMENT, BY_ID, BY_APPOINTMENT)
SHARDED = Layout(Spread.HASHED, proves=False, one_snapshot=False)
ON_A_WORKER = Layout(Spread.TENANT, proves=False)
LAYOUTS = [
    ("local tables", (HERE,) * 5, PLAIN),
    ("local tables without visits", (HERE,) * 4, PLAIN),
    ("local recordings, pets on every node", (HERE, HERE, HERE, COPIED), Layout(proves=False)),
    ("managed by Citus", (MANAGED,) * 4, Layout(Spread.MANAGED, can_write=False, proves=False)),
    ("a tenant", (TENANT,) * 5, ON_A_WORKER),
    ("a tenant with shared pets", (TENANT, TENANT, TENANT, COPIED), ON_A_WORKER),
    ("sharded rows", (*HASHED_ROWS, COPIED), SHARDED),
    ("sharded rows, visits on every node", (*HASHED_ROWS, COPIED, COPIED), SHARDED),
    (
        "sharded rows with visits elsewhere",
        (*HASHED_ROWS, COPIED, ELSEWHERE),
        replace(SHARDED, gathers_visits=True),
    ),
]
REFUSED = [
    ("two tenants", (TENANT, TENANT, OTHER_TENANT, TENANT), "appointment_pets"),
    ("a tenant and local appointments", (TENANT, HERE, TENANT, TENANT), "appointments"),
    ("local recordings of a tenant's pets", (HERE, HERE, HERE, TENANT), "pets"),
    ("links in another colocation", (BY_APPOINTMENT, BY_ID, ELSEWHERE, COPIED), "appointment_pets"),
    ("links by pet", (BY_APPOINTMENT, BY_ID, BY_PET, COPIED), "appointment_pets"),
    ("recordings by pet", (BY_PET, BY_ID, BY_APPOINTMENT, COPIED), "distributed by pet_id"),
    ("sharded pets", (*HASHED_ROWS, BY_ID), "pets"),
    ("appended rows", (APPENDED,) * 4, "appointments"),
]


def places(found: tuple[Placement, ...]) -> dict[str, Placement]:
    return dict(zip(ORDER, found, strict=False))


@pytest.mark.parametrize(("found", "layout"), [each[1:] for each in LAYOUTS],
                         ids=[each[0] for each in LAYOUTS])  # fmt: skip
def test_a_layout_says_what_it_allows(found: tuple[Placement, ...], layout: Layout) -> None:
    assert layout_of(Mapping(), places(found)) == layout


@pytest.mark.parametrize(("found", "named"), [each[1:] for each in REFUSED],
                         ids=[each[0] for each in REFUSED])  # fmt: skip
def test_tables_on_different_nodes_are_named(found: tuple[Placement, ...], named: str) -> None:
    with pytest.raises(UnsupportedServerError, match=named):
        layout_of(Mapping(), places(found))


def test_names_are_those_of_the_mapping() -> None:
    renamed = {
        "recordings": {"appointment_id": "visit"},
        "appointment_pets": {"appointment_id": "v"},
    }
    by_visit, by_v = (Placement(Spread.HASHED, 4, column) for column in ("visit", "v"))
    found = places((by_visit, BY_ID, by_v, COPIED))
    assert layout_of(Mapping(columns=renamed), found) == SHARDED


def test_only_several_nodes_need_a_remark() -> None:
    assert not PLAIN.remarks
    assert not ON_A_WORKER.remarks
    assert "no common snapshot" in " ".join(SHARDED.remarks)


REFERS = [
    (HERE, HERE, True),
    (MANAGED, COPIED, True),
    (COPIED, BY_ID, False),
    (HERE, BY_ID, False),
    (HERE, TENANT, False),
    (TENANT, TENANT, True),
    (TENANT, OTHER_TENANT, False),
    (TENANT, COPIED, True),
    (TENANT, HERE, False),
    (BY_APPOINTMENT, BY_ID, True),
    (BY_APPOINTMENT, ELSEWHERE, False),
    (BY_PET, BY_ID, False),
    (BY_APPOINTMENT, COPIED, True),
    (BY_APPOINTMENT, HERE, False),
    (BY_APPOINTMENT, MANAGED, False),
    (APPENDED, HERE, True),
]


@pytest.mark.parametrize(("own", "parent", "can"), REFERS)
def test_a_foreign_key_is_one_that_citus_has(own: Placement, parent: Placement, can: bool) -> None:
    assert own.can_refer(parent, [("appointment_id", "id"), ("x", "y")]) is can
