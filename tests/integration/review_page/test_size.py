"""Thousands of cases: what exists in the page does not grow with them."""

import pytest

from tests.integration.review_page.samples import clinic
from tests.plugins.pages import Open, Opened

WATCH = """() => {
  window.added = 0;
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) {
      window.added += 1 + (node.querySelectorAll ? node.querySelectorAll('*').length : 0);
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""


def nodes(opened: Opened) -> int:
    return int(opened.page.evaluate("document.querySelectorAll('*').length"))


def added_by(opened: Opened, *keys: str) -> int:
    opened.page.evaluate("window.added = 0")
    opened.press(*keys)
    return int(opened.page.evaluate("new Promise((told) => setTimeout(() => told(window.added)))"))


@pytest.mark.parametrize("size", [2_000, pytest.param(10_000, marks=pytest.mark.full)])
def test_what_is_drawn_does_not_grow(opened: Open, size: int) -> None:
    few, many = opened(clinic(100)), opened(clinic(size))
    assert many.text("#total") == f"{size:,}"
    assert nodes(many) <= nodes(few) < 600
    for page in (few, many):
        page.page.evaluate(WATCH)
    assert added_by(many, "1") <= added_by(few, "1") < 300
    assert added_by(many, *"1" * 20) <= added_by(few, *"1" * 20)
    many.page.locator("#list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    last = many.page.get_by_role("option", name=f"visit_recording_{size - 1}.m4a")
    last.click()
    assert many.text("#place") == f"{size:,} of {size:,}"
    assert last.get_attribute("aria-posinset") == str(size)
    assert nodes(many) < 600
    many.page.locator("#search").fill("recording_1777.m4a")
    many.page.get_by_text("1 case", exact=True).wait_for()
    many.reload()
    assert many.text("#done") == "21"
