"""Kinds carry all that other modules need to know of them."""

from petrec.features.constraints.specs import GROUPS, specs
from petrec.rules import FINDINGS, KINDS, Prevention, Repair, kind_by_id
from petrec.rules.kinds.ok import OK


def test_every_kind_has_an_id_and_an_order_of_its_own() -> None:
    assert len({kind.id for kind in KINDS}) == len({kind.order for kind in KINDS}) == len(KINDS)
    assert [kind_by_id(kind.id) for kind in KINDS] == list(KINDS)
    assert [kind.order for kind in KINDS] == sorted(kind.order for kind in KINDS)


def test_all_kinds_but_ok_are_findings() -> None:
    assert set(KINDS) - set(FINDINGS) == {OK}
    assert {kind.severity for kind in FINDINGS} == {"error"}
    assert (OK.severity, OK.repair, OK.prevented_by) == ("none", Repair.NONE, None)


def test_a_kind_that_lacks_pet_and_appointment_needs_a_place() -> None:
    assert {kind.id for kind in KINDS if kind.needs_place} == {
        "missing_no_appointment", "missing_dangling_appointment", "dangling_pet",
    }  # fmt: skip


def test_what_not_null_prevents_is_a_missing_pet() -> None:
    prevented = {kind.id for kind in KINDS if kind.prevented_by is Prevention.PET_NOT_NULL}
    assert prevented == {kind.id for kind in KINDS if kind.id.startswith("missing_")}
    assert {kind.id for kind in FINDINGS if kind.prevented_by is None} == {"visit_conflict"}


def test_what_prevents_a_kind_is_a_constraint_that_petrec_makes() -> None:
    assert set(Prevention) <= {spec.name for spec in specs(GROUPS, "CASCADE")}
