"""The output that the documents show is that of their commands, from the audit to NOT NULL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from petrec.demo.server import DemoServer
from tests.plugins.forks import Forks
from tools.console import Terminal, clinic_terminal, comparable, rendered, serving, sessions
from tools.reference import DIRECTORY, pages


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[DemoServer, Path]]:
    with serving() as started:
        yield started


@pytest.fixture
def terminal(served: tuple[DemoServer, Path], forks: Forks, tmp_path: Path) -> Terminal:
    """A terminal whose `petrec` is forked off a process that has imported everything."""
    forks.write_program(tmp_path / "petrec")
    return replace(clinic_terminal(*served), programs=tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("page", sessions(), ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, terminal: Terminal) -> None:
    text = page.read_text(encoding="utf-8")
    assert comparable(rendered(text, terminal)).splitlines() == comparable(text).splitlines()


def test_the_reference_is_as_the_program_has_it() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.md")}
    assert written == pages()
