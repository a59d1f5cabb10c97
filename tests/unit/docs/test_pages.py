"""Every page is run where it shows a terminal, and leads on."""

import re
from pathlib import Path

import pytest

from tests.plugins.command import ROOT

DOCS = ROOT / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page.parent.name != "decisions"]


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_a_console_block_is_run_or_says_that_it_is_not(page: Path) -> None:
    text = page.read_text()
    if "<!-- console: clinic -->" not in text:
        assert "```console" not in text, "mark the page, or show commands alone as ```sh"


def test_every_page_that_petrec_names_can_be_explained() -> None:
    sources = [*(ROOT / "petrec").rglob("*.py"), ROOT / "README.md", *PAGES]
    text = "".join(source.read_text() for source in sources)
    named = set(re.findall(r"petrec explain ([a-z][\w-]*)", text))
    assert named
    assert named <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_every_picture_exists(page: Path) -> None:
    for path in re.findall(r"!\[[^\]]*\]\((?!https:)([^)]+)\)", page.read_text()):
        assert (page.parent / path).is_file(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_ends_with_what_to_read_next(page: Path) -> None:
    last = page.read_text().rstrip().split("\n\n")[-1]
    assert re.match(r"Next: .*\[[^\]]+\]\([^)]+\)", last, re.DOTALL), last
