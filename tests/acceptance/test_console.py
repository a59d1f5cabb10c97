"""The output that the documents show is that of their commands, from the audit to NOT NULL."""

from tools.console import changed_pages, comparable
from tools.reference import DIRECTORY, pages


def test_every_console_block_shows_what_its_commands_print() -> None:
    for page, text in changed_pages():
        shown = comparable(page.read_text(encoding="utf-8")).splitlines()
        assert comparable(text).splitlines() == shown, page.name


def test_the_reference_is_as_the_program_has_it() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.md")}
    assert written == pages()
