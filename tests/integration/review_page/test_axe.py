"""axe-core finds nothing on the review page and the report: phone and desktop, light and dark."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page

from petrec.api.host.document_page import as_page
from petrec.api.http.openapi import document
from petrec.features.review.audio import Audio
from petrec.features.review.case import Verdict
from petrec.features.review.observed import SeenPet
from petrec.features.review.page import PageFacts, write_page
from petrec.storage import BucketAddress, Credentials
from tests.integration.review_page.samples import candidate, case, clinic
from tests.plugins.command import ROOT, Petrec

AXE = ROOT / "tools/web/node_modules/axe-core/axe.min.js"
RUN = """(rules) => axe.run(document, {resultTypes: ['violations'], ...(rules && {runOnly: rules})})
  .then((found) => found.violations)"""


@pytest.fixture(params=[(320, 640), (1366, 768)], ids=["phone", "desktop"])
def screen(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix tools/web")
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds, each with the elements that it is about; colours in the dark, too."""
    found = page.evaluate(RUN)
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(RUN, ["color-contrast"])
    page.emulate_media(color_scheme="light")
    return [f"{v['id']}: {v['help']}: {[node['target'] for node in v['nodes']]}" for v in found]


def test_axe_finds_nothing_in_any_view_of_a_review(screen: Page, tmp_path: Path) -> None:
    many = tuple(candidate(n, f"Pet {n}", Verdict.LINK) for n in range(12))
    pets = [SeenPet(f"pet-{n}", f"Zoë {n}", "Cat", owner_name="Ann") for n in range(20)]
    first = msgspec.structs.replace(
        case(0), candidates=many, open=Verdict.LINK, audio="https://s3.clinic.example/a"
    )
    store = BucketAddress("sounds", endpoint="https://s3.clinic.example")
    audio = Audio(store, Credentials("key", "secret"), datetime(2099, 1, 1, tzinfo=UTC), 60)
    facts = PageFacts("Europe/Zurich", "https://app.clinic.example/{id}", audio)
    file = tmp_path / "cases.html"
    with file.open("w", encoding="utf-8") as out:
        cases = [first, *clinic(40)]
        write_page(
            cases,
            out,
            title="To review",
            exported_at="2025-09-01 09:00 UTC",
            facts=facts,
            pets=pets,
        )
    screen.goto(file.as_uri())
    screen.evaluate(AXE.read_text())
    assert violations(screen) == []
    screen.get_by_label("Your name").fill("Ada")
    # The name, a case, a search, a decided one, a long transcript, help, the list.
    for keys in (("Enter",), ("o", "z", "Enter"), ("1", "k"), ("j", "c"), ("?",), ("Escape", "/")):
        for key in keys:
            screen.keyboard.press(key)
        assert violations(screen) == [], keys


def test_axe_finds_nothing_in_the_page_of_the_api(screen: Page) -> None:
    screen.set_content(as_page(document()))
    screen.evaluate(AXE.read_text())
    assert violations(screen) == []


def test_axe_finds_nothing_in_a_report(screen: Page, petrec: Petrec, tmp_path: Path) -> None:
    sample = str(ROOT / "reports/sample.json")
    made = petrec("report", "--from", sample, "--html", "report.html", "--fail-level", "never")
    assert made.code == 0, made.err
    screen.goto((tmp_path / "report.html").as_uri())
    screen.evaluate(AXE.read_text())
    assert violations(screen) == []
