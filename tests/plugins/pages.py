"""The page in a real Chromium, opened from a file."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from petrec.features.review.case import Case

# The one that can open no window takes a third of the other's time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
# One process draws all pages: to start another takes longer than most pages.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--renderer-process-limit=1", "--process-per-site"]


@dataclass
class Opened:
    """A page, and everything that it said or asked for."""

    page: "Page"
    context: "BrowserContext"
    file: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def reload(self) -> None:
        """Load the page again; returns once its script has drawn it."""
        from playwright.sync_api import expect

        self.page.reload()
        expect(self.page.locator("#total")).not_to_have_text("0")

    def download(self) -> Path:
        """Download by the button; returns the file."""
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name="Download decisions").click()
        target = self.file.parent / started.value.suggested_filename
        started.value.save_as(target)
        return target


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def launched() -> Iterator[tuple["Browser", asyncio.AbstractEventLoop]]:
    """A browser, and Playwright's event loop, which is not marked as running."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture(scope="module")
def browser(launched: tuple["Browser", asyncio.AbstractEventLoop]) -> Iterator["Browser"]:
    """The session's browser; while a module has it, its event loop runs, and no other can."""
    browser, loop = launched
    asyncio._set_running_loop(loop)
    yield browser
    for context in browser.contexts:
        context.close()
    asyncio._set_running_loop(None)


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Write a page or take one, open it offline, and give the reviewer's name."""
    contexts: list[BrowserContext] = []
    pages: list[Opened] = []

    def start(
        cases: Iterable["Case"] | Path, *, reviewer: str = "Ada", script: str = "", **options: Any
    ) -> Opened:
        file = cases if isinstance(cases, Path) else _written(cases, tmp_path / "cases.html")
        options = {"viewport": {"width": 1366, "height": 768}} | options
        contexts.append(browser.new_context(**options))
        pages.append(_open(contexts[-1], file, script))
        if reviewer:
            pages[-1].page.get_by_label("Your name").fill(reviewer)
            pages[-1].press("Enter")
        return pages[-1]

    yield start
    for context in contexts:
        context.close()
    for page in pages:
        assert page.complaints == []
        assert page.requests == []


def _written(cases: Iterable["Case"], file: Path) -> Path:
    from petrec.features.review.page import write_page

    with file.open("w", encoding="utf-8", newline="") as out:
        write_page(cases, out, title="Recordings to review", exported_at="2025-09-01 09:00 UTC")
    return file


def _open(context: "BrowserContext", file: Path, script: str) -> Opened:
    context.set_offline(True)
    if script:
        context.add_init_script(script)
    opened = Opened(context.new_page(), context, file)
    page = opened.page
    page.on("console", lambda said: opened.complaints.append(said.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", lambda dialog: _answer(opened, dialog))
    page.on("request", lambda asked: _note(opened, asked.url))
    page.goto(file.as_uri())
    return opened


def _answer(opened: Opened, dialog: Any) -> None:
    if dialog.type != "beforeunload":
        opened.complaints.append(f"dialog: {dialog.message}")
    dialog.accept()


def _note(opened: Opened, url: str) -> None:
    # The page itself, and the file that it gives away.
    if url != opened.file.as_uri() and not url.startswith("blob:"):
        opened.requests.append(url)
