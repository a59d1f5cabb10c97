"""Whatever a recording says, it is text; and nothing is asked of any network."""

import json

from petrec.features.review.case import Candidate, Case, Strength, Suggestion, Verdict
from tests.integration.review_page.samples import HOSTILE, case
from tests.plugins.pages import Open


def hostile(text: str) -> Case:
    """Return a case that says the text wherever it can."""
    hints = (Suggestion(text, Strength.STRONG, text),)
    pet = Candidate(text, text, Verdict.LINK, None, text, hints)
    names = ("original_filename", "transcript_text", "title", "notes", text)
    context = tuple((name, text) for name in names)
    return Case(text, text, text, text, text, (pet,), context, Verdict.ASSIGN)


def test_markup_is_text_wherever_it_stands(opened: Open) -> None:
    """The fixture fails the test on any dialog, message of the console, or request."""
    page = opened([hostile(text) for text in HOSTILE], reviewer="<img src=x onerror=alert(1)>")
    for text in HOSTILE:
        assert page.page.locator(".choice strong").first.text_content() == text
        assert page.page.locator(".transcript blockquote").text_content() == text
        page.press("1")
    assert page.page.locator("#detail img, #detail script, #list img").count() == 0
    page.reload()
    assert page.text("#done") == str(len(HOSTILE))
    page.page.locator("#search").fill(HOSTILE[4])
    page.page.get_by_text("1 case", exact=True).wait_for()
    made = json.loads(page.download().read_text("utf-8"))["decisions"]
    assert [decision["pet_id"] for decision in made] == list(HOSTILE)


def test_the_policy_holds_in_the_browser(opened: Open) -> None:
    page = opened([case(0)])
    page.page.evaluate(
        "for (const tag of ['img', 'script', 'iframe'])"
        " document.body.append(Object.assign(document.createElement(tag),"
        " { src: 'https://petrec.invalid/x' }))"
    )
    blocked = page.page.evaluate("fetch('https://petrec.invalid/y').then(() => 'sent', () => 'no')")
    assert blocked == "no"
    assert len([said for said in page.complaints if "Content Security Policy" in said]) >= 3
    page.complaints.clear()
    page.requests.clear()
