"""The served page in a browser: two people, a server that is killed, one key."""

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.plugins.command import Spawn
from tests.plugins.databases import Database
from tests.plugins.forks import Process
from tests.plugins.ports import free_port
from tests.plugins.served import Served
from tests.plugins.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

    Enter = Callable[..., Page]

# The server shares its two processors with everything else.
PATIENCE_MS = 60_000
KEEPS_NOTHING = "Storage.prototype.setItem = () => { throw new Error('full') }"
RUNS = "SELECT action, state, changed FROM petrec.runs ORDER BY id"
DECIDED = "SELECT verdict, reviewer FROM petrec.decisions ORDER BY run_id"


@pytest.fixture
def enter(browser: "Browser") -> Iterator["Enter"]:
    """Open the page as a person with a browser of their own; errors of the script fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def start(address: str, name: str, script: str = "") -> "Page":
        contexts.append(browser.new_context(viewport={"width": 1366, "height": 768}))
        contexts[-1].add_init_script(script)
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        return page

    yield start
    for context in contexts:
        context.close()
    assert errors == []


def _sees(page: "Page", selector: str, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_contain_text(text, timeout=PATIENCE_MS)


@pytest.mark.long
def test_two_people_see_each_other_and_never_overwrite(
    served: Served, clinic: Database, enter: "Enter"
) -> None:
    kim, lee = (enter(served.guard.address, name) for name in ("Kim", "Lee"))
    _sees(lee, "#people", "Kim is looking at this case")
    # Lee's page learns nothing more, as on a network that hangs.
    lee.route("**/look", lambda asked: asked.abort())
    kim.keyboard.press("1")
    _sees(kim, "#saved", "Saved")
    _sees(kim, "#place", "2 of")
    lee.keyboard.press("2")
    _sees(lee, "#notice", "Kim has decided already")
    _sees(lee, "#done", "1")
    lee.get_by_role("button", name="Show the case").click()
    _sees(lee, "#verdict", "Decided by Kim")
    assert lee.get_by_role("button", name="Clear").count() == 0
    assert clinic.execute(DECIDED) == [("assign", "Kim")]
    # Undo in the page is an undo run, which a page that listens sees.
    ann = enter(served.guard.address, "Ann", KEEPS_NOTHING)
    _sees(ann, "#done", "1")
    kim.keyboard.press("u")
    _sees(ann, "#done", "0")
    written = [("review", "done", 1), ("undo", "done", 1)]
    assert clinic.execute(RUNS) == written
    _undoes_what_is_on_its_way(kim)
    _sees(ann, "#done", "0")
    until(lambda: clinic.execute(RUNS) == written * 2)
    _sends_the_others_after_a_refusal(lee, ann)
    # A browser that keeps nothing can decide as well.
    ann.keyboard.press("l")
    decided = [*[("assign", name) for name in ("Kim", "Kim", "Lee")], ("leave", "Ann")]
    until(lambda: clinic.execute(DECIDED) == decided)
    _sees(ann, "#saved", "Saved")


def _sends_the_others_after_a_refusal(page: "Page", other: "Page") -> None:
    """Decide two cases of which the server cannot write the first, and take both back."""
    refused = {"problem": "refused", "reason": "no right"}
    first: list[str] = []

    def answer(route: "Route") -> None:
        asked = json.loads(route.request.post_data or "")["decision"]["recording_id"]
        first.append(asked)
        if asked == first[0]:
            route.fulfill(status=503, json=refused)
        else:
            route.continue_()

    page.route("**/decide", answer)
    page.keyboard.press("1")
    _sees(page, "#trouble", "no right. 1 decision not saved yet")
    # What the other page shows could still be a decision that was undone before.
    with page.expect_response(lambda given: given.ok and given.url.endswith("/decide")):
        page.keyboard.press("1")
    _sees(other, "#done", "1")
    page.keyboard.press("u")
    page.keyboard.press("u")
    # The refusals go on: one that is tried again just now would be written.
    _sees(other, "#done", "0")


def _undoes_what_is_on_its_way(page: "Page") -> None:
    """Decide, and undo before the decision has reached the server."""
    on_its_way: list[Route] = []
    # Playwright writes an attribute to it, which a bound method does not take.
    page.route("**/decide", lambda route: on_its_way.append(route))  # noqa: PLW0108
    with page.expect_request("**/decide"):
        page.keyboard.press("1")
    _sees(page, "#saved", "Saving")
    page.keyboard.press("u")
    _sees(page, "#done", "0")
    on_its_way[0].continue_()
    page.unroute("**/decide")


def test_a_decision_survives_the_server_and_is_written_once(
    clinic: Database, spawn: Spawn, enter: "Enter"
) -> None:
    port = str(free_port())
    before = clinic.checksum()
    server, address = _started(spawn, clinic, port)
    kim = enter(address, "Kim")
    _sees(kim, "#place", "1 of")
    with clinic.connect(autocommit=False) as application:
        application.execute("SELECT FROM recordings FOR UPDATE")
        kim.keyboard.press("1")
        until(lambda: clinic.execute("SELECT to_regclass('petrec.decisions')") != [(None,)])
        until(lambda: clinic.execute(DECIDED))
        server.kill()
    _sees(kim, "#trouble", "The server does not answer. 1 decision not saved yet")
    kim.keyboard.press("c")
    server, address = _started(spawn, clinic, port)
    kim.get_by_role("button", name="Try again").click()
    _sees(kim, "#trouble", "open the address that it has printed. 2 decisions not saved yet")
    kim.goto(address)
    _sees(kim, "#saved", "Saved")
    assert not kim.locator("#trouble").is_visible()
    assert clinic.execute(DECIDED) == [("assign", "Kim"), ("cannot_tell", "Kim")]
    assert clinic.execute(RUNS) == [("review", "done", 1), ("review", "done", 0)]
    assert clinic.checksum() != before
    server.send_signal(2)
    out, err = server.communicate()
    assert (server.returncode, "1 decision made" in out) == (0, True), (out, err)
    assert "Traceback" not in err


def _started(spawn: Spawn, clinic: Database, port: str) -> tuple[Process, str]:
    """Start the server; returns it and the address that it prints."""
    process = spawn("review", "serve", "--port", port, dsn=clinic.dsn)
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            return process, found[0]
    raise AssertionError(f"ended with {process.wait()}")
