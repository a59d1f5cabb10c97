"""Phone, laptop, 200 % zoom, large screen; what a screen reader hears."""

import re

import msgspec
import pytest

from petrec.features.review.case import Verdict
from tests.integration.review_page.samples import HOSTILE, candidate, case, clinic
from tests.plugins.pages import Open

SIZES = {
    "small phone": (320, 640),
    "phone": (390, 844),
    "laptop": (1366, 768),
    "zoomed": (683, 384),
    "large": (2560, 1440),
}
LONG = "Sir Reginald Fluffington-Smythe" * 5


@pytest.mark.few(2)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen(opened: Open, size: str) -> None:
    width, height = SIZES[size]
    wide = case(0, names=(LONG, *HOSTILE), text=LONG * 3)
    page = opened(
        [msgspec.structs.replace(wide, open=Verdict.LINK), *clinic(30)],
        viewport={"width": width, "height": height},
    )
    for key in ("", "Enter", "1", "k"):
        if key:
            page.press(key)
        measured = "document.documentElement.scrollWidth"
        assert page.page.evaluate(measured) <= width
    page.page.get_by_role("button", name="Leave as it is").click()
    page.page.get_by_role("button", name="Undo").click()
    assert page.text("#verdict strong") == LONG


def test_the_phone_goes_from_list_to_case_and_back(opened: Open) -> None:
    page = opened(clinic(30), viewport={"width": 390, "height": 844}, has_touch=True)
    row = page.page.get_by_role("option", name="visit_recording_3.m4a")
    assert page.text("#case-title") == "visit_recording_0.m4a"
    assert not row.is_visible()
    page.page.get_by_role("button", name="All cases").tap()
    row.tap()
    assert page.text("#case-title") == "visit_recording_3.m4a"
    assert not row.is_visible()
    assert page.page.get_by_role("button", name="Download decisions").is_visible()
    page.page.locator(".choice").first.tap()
    assert page.text("#case-title") == "visit_recording_4.m4a"
    page.page.get_by_role("button", name="All cases").tap()
    assert row.is_visible()
    assert page.page.get_by_role("button", name="Download decisions").is_visible()


def test_every_control_has_a_name(opened: Open) -> None:
    many = tuple(candidate(n, f"Pet {n}") for n in range(12))
    page = opened([msgspec.structs.replace(case(0), candidates=many, open=Verdict.ASSIGN)])
    page.press("1", "?")
    for snapshot in (page.page.locator("body").aria_snapshot(), _without_dialog(page)):
        controls = re.findall(r"- (button|textbox|searchbox|combobox|radio|listbox|option|progressbar)\b(.*)", snapshot)  # fmt: skip # noqa: E501
        assert controls
        assert [control for control in controls if not control[1].startswith(' "')] == []
    snapshot = page.page.locator("body").aria_snapshot()
    for landmark in ("banner", 'navigation "Cases"', "main", "search"):
        assert f"- {landmark}" in snapshot
    assert page.page.get_by_role("button", name="Pet 3 Dog, Mixed").count() == 1


def _without_dialog(page: object) -> str:
    from tests.plugins.pages import Opened

    assert isinstance(page, Opened)
    page.press("Escape")
    return page.page.locator("body").aria_snapshot()


def test_what_happens_is_announced(opened: Open) -> None:
    page = opened(clinic(30))
    page.press("1")
    assert (
        page.text("#live")
        == "Fluffy. 2 of 30: Pet not in the appointment, visit_recording_1.m4a, 2 pets"
    )
    page.press("u")
    assert page.text("#live").startswith("Undone. 1 of 30")
    page.press("k")
    assert page.text("#live") == "This is the first case"
    selected = page.page.locator('[role=option][aria-selected="true"]')
    assert selected.get_attribute("id") == page.page.locator("#list").get_attribute(
        "aria-activedescendant"
    )


def test_focus_is_seen_and_never_lost(opened: Open) -> None:
    page = opened(clinic(5))
    page.page.locator("#reviewer").focus()
    page.press("Tab")
    style = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(12):
        assert page.page.evaluate(style) == "solid"
        page.press("Tab")
    page.page.locator(".choice").nth(1).focus()
    page.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "case-title"


def test_a_page_printed_from_a_dark_screen_is_light(opened: Open) -> None:
    page = opened(clinic(3), color_scheme="dark").page
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--page')"
    dark = page.evaluate(colour)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) != dark
