"""A plan says what is in its way, each with the words of the next step."""

from msgspec.structs import replace as with_values

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.plan import Request, _problems, _together
from petrec.features.constraints.state import Presence, Problem
from petrec.phrases import Phrase, Phrased
from petrec.settings import Mapping
from tests.plugins.catalogs import catalog, constraint, index, parted, the

NAME = "idx_recordings_pet_id"


def request(*groups: str, keep: tuple[str, ...] = ()) -> Request:
    return Request(Mapping(), groups, "CASCADE", keep=keep)


def test_each_problem_has_the_phrase_that_helps() -> None:
    of = the(NAME, catalog(index(NAME, "status")))
    state = of.judge()
    (taken,) = _problems([(of, state)])
    assert (taken.object, taken.fix) == (NAME, Phrased(Phrase.RENAME_OR_KEEP, name=NAME))
    assert state.detail in taken.reason
    odd = with_values(state, presence=Presence.UNSUPPORTED, detail="no such thing")
    (unsupported,) = _problems([(of, odd)])
    assert unsupported.fix == Phrased(Phrase.LEAVE_OUT, name=NAME)
    assert unsupported.reason.endswith("no such thing")


def test_a_name_in_use_in_a_partition_is_a_problem() -> None:
    name = "recordings_pet_id_not_null"
    row = constraint(name, "id", table_oid=2, schema="parts")
    wanted = the(name, parted("parts", row))
    (problem,) = _problems([(wanted, wanted.judge())])
    assert problem.object == name
    assert problem.reason.startswith(f"at partition parts.part, {name} ")


def test_several_problems_are_told_once_each() -> None:
    one, other = Problem("a", "why", "do;"), Problem("b", "because", "mend;")
    assert _together([one], "all") == ("why", "do;")
    assert _together([one, other, one], "all") == ("all: why; because", "do; mend;")
    assert _together([one, Problem("c", "so", "ask")], "all") == ("all: why; so", "do;; ask")


def test_what_is_kept_is_left_out_with_the_reason() -> None:
    taken, missing = NAME, "idx_recordings_pet_status"
    found = request("indexes", keep=(taken, missing)).judged(catalog(index(taken, "status")))
    states = {state.name: state for state in found.objects}
    assert states[taken].presence is Presence.LEFT_OUT
    assert states[taken].detail.startswith("kept: ")
    others = {state.presence for name, state in states.items() if name != taken}
    assert others == {Presence.MISSING}


def test_a_status_says_when_visits_are_not_asked_for() -> None:
    of = catalog()
    assert len(request("indexes").judged(of).notes) == 1
    assert request("indexes", "visits").judged(of).notes == ()
    required = [state.name for state in request("required").judged(of).objects]
    assert required == ["recordings_pet_id_not_null", "fk_recordings_pet_id"]


def test_a_rollback_notes_what_stays_and_why() -> None:
    part, taken = "idx_recordings_appointment_id", "idx_recordings_pet_status"
    of = catalog(
        index("mine", "pet_id"), index(taken, "id"),
        index(part, "appointment_id", attached_to=7),
        index("idx_recordings_appointment_pet", "appointment_id", "pet_id"),
    )  # fmt: skip

    def notes(*groups: str, of: Catalog = of) -> list[str]:
        asked = request(*groups)
        own = [(each, each.judge_own()) for each in asked.objects(of)]
        return [str(note) for note in asked._left(of, own)]

    other, above, named = notes("indexes")
    assert other.startswith("mine stays: petrec did not create it (")
    assert above == f"{part} stays: it is part of one on the parent table"
    assert named.startswith(f"{taken} stays: petrec did not create it (")
    assert notes("visits", of=catalog()) == [str(Phrased(Phrase.VISITS_STAY))]
    own = index("own", "pet_id", table="part", table_oid=2, oid=3, attached_to=2)
    (over,) = notes("indexes", of=parted("public", index(NAME, "pet_id", oid=2), own))
    assert over.startswith(f"{NAME} stays: dropping it would also drop public.own, ")
