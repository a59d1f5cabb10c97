"""Draw the pictures of the README and the documents: a terminal, pages and a workbook."""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tools.console import ROOT, Terminal, clinic_terminal, serving
from tools.sheets import draw_sheet, draw_workbook

ASSETS = ROOT / "docs" / "assets"
# Rich's own format fetches its font from the network.
_SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
  <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
_COMMANDS = (
    "petrec audit | head -16",
    "petrec backfill --apply --yes | head -7",
    "petrec audit | head -1",
)
_WIDTH = 96


def main() -> None:
    """Draw all of them, from one clinic on a server of its own."""
    with serving() as (started, home):
        terminal = clinic_terminal(started, home)
        draw_terminal(terminal)
        draw_pages(terminal)
        draw_cases(terminal)


def draw_terminal(terminal: Terminal) -> None:
    """Draw a session, from the first audit to the last."""
    console = Console(record=True, width=_WIDTH, file=Path("/dev/null").open("w"))  # noqa: SIM115
    for command in _COMMANDS:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text(terminal.run(command)), overflow="crop", no_wrap=True)
    console.save_svg(
        str(ASSETS / "terminal.svg"), title="petrec", theme=MONOKAI, code_format=_SVG,
        unique_id="petrec",
    )  # fmt: skip


def draw_pages(terminal: Terminal) -> None:
    """Draw the review page with a case open, the sample report, and both at every width."""
    terminal.run("petrec review export cases.html --kind missing_ambiguous")
    pages = {"review": terminal.directory / "cases.html", "report": ROOT / "reports/sample.html"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, page in pages.items():
            opened = _decide if name == "review" else lambda _: None
            tab = browser.new_page(viewport={"width": 1100, "height": 720})
            tab.goto(page.as_uri())
            opened(tab)
            tab.screenshot(path=ASSETS / f"{name}.png")
            draw_sheet(browser, page, ASSETS / f"{name}-widths.jpg", opened)
        browser.close()


def draw_cases(terminal: Terminal) -> None:
    """Draw the cases of the workbook."""
    terminal.run("petrec review export cases.xlsx --kind missing_ambiguous")
    draw_workbook(terminal.directory / "cases.xlsx", ASSETS / "workbook.jpg")


def _decide(tab: Page) -> None:
    """Enter who decides, which the review page asks first."""
    tab.keyboard.type("Dr. Kim")
    tab.keyboard.press("Enter")


if __name__ == "__main__":
    main()
