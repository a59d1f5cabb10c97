"""Nothing is lost: the browser's storage, files to another computer, and both missing."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.integration.review_page.samples import case, clinic
from tests.plugins.pages import Open, Opened

FORBIDDEN = "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };"
FULL = """
const real = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  if (this.length > 6) throw new DOMException('full', 'QuotaExceededError');
  real.call(this, key, value);
};
"""


def load(opened: Opened, file: Path) -> str:
    with opened.page.expect_file_chooser() as chooser:
        opened.page.get_by_role("button", name="Load decisions", exact=True).click()
    chooser.value.set_files(file)
    opened.page.locator("#notice").wait_for()
    return opened.text("#notice p")


def asks_before_closing(page: Page) -> bool:
    """Return whether the browser would ask; it only does after the page was used."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))"))


@pytest.mark.full
def test_decisions_go_on_elsewhere(opened: Open) -> None:
    here = opened(clinic(20))
    here.press("1", "2", "c")
    here.press("n")
    here.page.keyboard.type("ask Bob")
    here.press("Escape", "l")
    file = here.download()
    there = opened(clinic(20), reviewer="Bob")
    assert there.text("#done") == "0"
    assert load(there, file) == f"{file.name}: 4 decisions loaded."
    assert there.text("#done") == "4"
    there.press("1")
    made = json.loads(there.download().read_text("utf-8"))["decisions"]
    assert [decision["reviewer"] for decision in made] == ["Ada"] * 4 + ["Bob"]
    assert made[3]["note"] == "ask Bob"


def test_a_loaded_decision_overwrites_nothing(opened: Open) -> None:
    first = opened(clinic(5))
    first.press("1", "1", "1")
    file = first.download()
    second = opened(clinic(5), reviewer="Bob")
    second.press("1", "2")
    said = load(second, file)
    assert "1 decision loaded. 1 was here already. 1 differs from the one made here" in said
    made = json.loads(second.download().read_text("utf-8"))["decisions"]
    assert [decision["reviewer"] for decision in made] == ["Bob", "Bob", "Ada"]


def test_what_does_not_belong_here_is_told(opened: Open, tmp_path: Path) -> None:
    page = opened(clinic(3))
    page.press("1", "1")
    file = page.download()
    content = json.loads(file.read_text("utf-8"))
    content["decisions"][0]["state"] = "changed"
    content["decisions"][1]["pet_id"] = "pet-nobody"
    content["decisions"].append({"recording_id": "rec-unknown"})
    content["decisions"].append(None)
    file.write_text(json.dumps(content), "utf-8")
    fresh = opened(clinic(3))
    assert "0 decisions loaded. 4 do not belong" in load(fresh, file)
    assert fresh.text("#done") == "0"
    for wrong in ("[]", "{", "null", '{"petrec_review": 2, "decisions": []}', "\x00"):
        file.write_text(wrong, "utf-8")
        fresh.page.locator("#notice").evaluate("notice => { notice.hidden = true; }")
        assert "is not a file of decisions" in load(fresh, file)


def test_the_page_warns_until_everything_is_downloaded(opened: Open) -> None:
    page = opened(clinic(5))
    assert not asks_before_closing(page.page)
    page.press("1")
    assert asks_before_closing(page.page)
    page.reload()
    assert asks_before_closing(page.page)
    page.download()
    assert not asks_before_closing(page.page)
    page.press("u")
    assert asks_before_closing(page.page)


def test_a_note_without_a_decision_is_kept(opened: Open) -> None:
    page = opened(clinic(5))
    page.press("n")
    page.page.keyboard.type("limps")
    page.reload()
    assert page.page.locator("#note").input_value() == "limps"
    assert page.text("#done") == "0"


def test_another_export_starts_anew(opened: Open) -> None:
    page = opened(clinic(5))
    page.press("1")
    page.file.write_text(page.file.read_text("utf-8").replace("09:00 UTC", "10:00 UTC"), "utf-8")
    page.reload()
    assert page.text("#done") == "0"
    assert page.text("#reviewer") == "Ada"


def test_two_tabs_see_each_other(opened: Open) -> None:
    page = opened(clinic(5))
    other = page.context.new_page()
    other.goto(page.file.as_uri())
    page.press("2")
    other.locator("#done", has_text="1").wait_for()
    assert other.locator('[aria-pressed="true"]').count() == 1


def test_without_storage_the_page_works_and_says_so(opened: Open) -> None:
    page = opened(clinic(5), script=FORBIDDEN)
    assert "keeps nothing" in page.text("#notice")
    page.press("1", "c")
    assert page.text("#saved") == "Not saved"
    assert len(json.loads(page.download().read_text("utf-8"))["decisions"]) == 2


def test_a_full_storage_is_told(opened: Open) -> None:
    page = opened(clinic(20), script=FULL)
    page.press("1")
    assert page.text("#saved") == "Saved in this browser"
    page.press(*"1" * 9)
    assert page.text("#saved") == "Not saved"
    assert "keeps nothing" in page.text("#notice")
    page.press("u")
    assert page.text("#saved") == "Not saved"
    assert len(json.loads(page.download().read_text("utf-8"))["decisions"]) == 9


def test_a_download_asks_for_the_name(opened: Open) -> None:
    page = opened([case(0)], reviewer="")
    page.press("Escape", "1")
    page.page.get_by_role("button", name="Download decisions").click()
    page.page.get_by_label("Your name").fill("Ada")
    with page.page.expect_download() as started:
        page.press("Enter")
    made = json.loads(Path(started.value.path()).read_text("utf-8"))
    assert made["decisions"][0]["reviewer"] == made["reviewer"] == "Ada"
    assert started.value.suggested_filename == "decisions-Ada-202509010900.json"
