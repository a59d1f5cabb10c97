"""The work itself, by keyboard only."""

import json

import msgspec
import pytest

from petrec.features.review.case import Candidate, Decision, Verdict
from tests.integration.review_page.samples import candidate, case, clinic
from tests.plugins.pages import Open, Opened


def decisions(opened: Opened) -> list[Decision]:
    content = json.loads(opened.download().read_text("utf-8"))
    assert content["petrec_review"] == 1
    assert set(content) == {"petrec_review", "reviewer", "exported_at", "decisions"}
    for raw in content["decisions"]:
        assert list(raw) == list(Decision.__struct_fields__)
    return msgspec.convert(content["decisions"], list[Decision])


def test_twenty_decisions_survive_a_reload_and_are_downloaded(opened: Open) -> None:
    cases = list(clinic())
    page = opened(cases, reviewer="")
    page.page.keyboard.type("Dr. Zoë Ødegård")
    page.press("Enter", *"12cl" * 5)
    assert page.text("#done") == "20"
    assert page.text("#saved") == "Saved in this browser"
    page.reload()
    assert page.text("#done") == "20"
    assert page.text("#place") == "21 of 60"
    assert not page.page.locator("#ask").is_visible()

    made = decisions(page)
    assert [decision.recording_id for decision in made] == [
        kase.recording_id for kase in cases[:20]
    ]
    assert {decision.reviewer for decision in made} == {"Dr. Zoë Ødegård"}
    for number, (decision, kase) in enumerate(zip(made, cases, strict=False)):
        assert (decision.kind, decision.state) == (kase.kind, kase.state)
        chosen = [*kase.candidates, None, None][number % 4]
        expected = chosen and (chosen.verdict, chosen.pet_id, chosen.appointment_id)
        plain = (("cannot_tell", None, None), ("leave", None, None))[number % 2]
        assert (decision.verdict, decision.pet_id, decision.appointment_id) == (expected or plain)


def test_nothing_is_chosen_before_somebody_chooses(opened: Open) -> None:
    page = opened([case(0)])
    assert page.page.locator(".choice .strong").is_visible()
    assert page.page.locator('[aria-pressed="true"]').count() == 0
    assert page.text("#done") == "0"
    page.press("2")
    assert page.page.locator('[aria-pressed="true"]').count() == 1


def test_keys_go_through_the_list(opened: Open) -> None:
    page = opened(clinic())
    places = []
    for key in ("j", "ArrowDown", "k", "ArrowUp", "k", "j"):
        page.press(key)
        places.append(page.text("#place").split()[0])
    assert places == ["2", "3", "2", "1", "1", "2"]


def test_undo_takes_back_one_after_the_other(opened: Open) -> None:
    page = opened(clinic())
    page.press("1", "c", "l", "u")
    assert (page.text("#done"), page.text("#place")) == ("2", "3 of 60")
    page.reload()
    page.press("u", "u", "u")
    assert (page.text("#done"), page.text("#place")) == ("0", "1 of 60")


@pytest.mark.full
def test_undo_restores_the_decision_before(opened: Open) -> None:
    page = opened([case(0)])
    page.press("1", "2", "u")
    assert decisions(page)[0].pet_id == "pet-0"


def test_digits_are_text_in_a_field(opened: Open) -> None:
    page = opened(clinic())
    page.press("n")
    page.page.keyboard.type("1 cup, jklu? 2/3")
    assert page.text("#done") == "0"
    page.press("Escape", "c")
    assert decisions(page)[0].note == "1 cup, jklu? 2/3"


def test_a_held_key_and_browser_shortcuts_decide_nothing_more(opened: Open) -> None:
    page = opened(clinic())
    page.page.keyboard.down("c")
    page.page.keyboard.down("c")
    page.page.keyboard.up("c")
    page.press("Control+c", "Alt+l", "9")
    assert page.text("#done") == "1"


def test_search_and_filters_work_by_keyboard(opened: Open) -> None:
    page = opened(clinic())
    page.press("1", "c", "/")
    page.page.keyboard.type("CHECKUP 59")
    page.page.get_by_text("1 case", exact=True).wait_for()
    assert page.text("#case-title") == "visit_recording_59.m4a"
    page.page.locator("#search").fill("")
    page.page.get_by_text("60 cases").wait_for()
    page.page.get_by_label("Show").select_option("Open")
    assert page.text("#found") == "58 cases"
    page.page.get_by_role("radio", name="Pet not in the appointment").check()
    assert page.text("#found") == "14 cases"
    page.page.get_by_label("Show").select_option("Cannot tell")
    assert page.text("#found") == "1 case"


def test_a_phone_decides_only_what_is_in_sight(opened: Open) -> None:
    page = opened(clinic(), viewport={"width": 320, "height": 600})
    page.press("/")
    page.page.keyboard.type("CHECKUP 59")
    page.press("Enter")
    assert page.text("#case-title") == "visit_recording_59.m4a"
    page.page.get_by_role("button", name="All cases").click()
    page.press("1")
    assert page.text("#case-title") == "visit_recording_59.m4a"
    assert page.text("#done") == "0"
    page.press("1", "/", "Escape")
    assert page.page.locator("#case-title").is_visible()
    assert page.page.locator("#done").text_content() == "1"


def test_an_empty_page_has_nothing_to_decide(opened: Open) -> None:
    page = opened([])
    page.press("1", "u", "j", "/", "Escape")
    assert page.text("#detail") == "There is nothing to decide."


@pytest.mark.full
def test_marks_and_case_do_not_matter_to_the_search(opened: Open) -> None:
    page = opened([case(0, names=("ŁATKA", "Zoë")), case(1, names=("Rex", "Bo"))])
    page.page.locator("#search").fill("ZOE")
    page.page.get_by_text("1 case", exact=True).wait_for()
    assert page.text("#case-title") == "visit_recording_0.m4a"


def test_what_a_link_means_is_said(opened: Open) -> None:
    page = opened([case(1, names=("Bo", "Rex"))])
    assert page.page.get_by_text("Adds Rex to the appointment").is_visible()
    assert not page.page.get_by_text("Adds Bo to").is_visible()


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("allowed", "appointment"), [(Verdict.ASSIGN, None), (Verdict.LINK, "appt")]
)
def test_another_pet_by_its_id(opened: Open, allowed: Verdict, appointment: str | None) -> None:
    page = opened([msgspec.structs.replace(case(0), candidates=(), open=allowed)])
    page.press("1", "o")
    page.page.keyboard.type(" pet-elsewhere ")
    page.press("Enter")
    (decision,) = decisions(page)
    assert (decision.verdict, decision.pet_id, decision.appointment_id) == (
        allowed, "pet-elsewhere", appointment,
    )  # fmt: skip


def test_without_candidates_only_cannot_tell_and_leave(opened: Open) -> None:
    page = opened([msgspec.structs.replace(case(0), candidates=())])
    names = [button.inner_text() for button in page.page.locator(".choice strong").all()]
    assert names == ["Cannot tell", "Leave as it is"]
    assert page.page.locator("#other").count() == 0
    page.press("o", "1", "l")
    assert decisions(page)[0].verdict is Verdict.LEAVE


def test_one_of_many_candidates(opened: Open) -> None:
    many: tuple[Candidate, ...] = tuple(candidate(number, f"Pet {number}") for number in range(60))
    page = opened([msgspec.structs.replace(case(0), candidates=many)])
    page.press("f")
    page.page.keyboard.type("pet 47")
    page.press("Enter", "Enter")
    assert decisions(page)[0].pet_id == "pet-47"


def test_names_are_marked_as_whole_words(opened: Open) -> None:
    names = ("Bo", "Kitty-Cat (old)", "小花", "Zoë")
    text = "Bob saw Bo, bo and Kitty-Cat (old); Zoë's leg. 小花"
    page = opened([case(0, names=names, text=text)])
    marked = page.page.locator(".transcript mark").all_inner_texts()
    assert marked == ["Bo", "bo", "Kitty-Cat (old)", "Zoë", "小花"]
    assert page.text(".transcript blockquote") == text
