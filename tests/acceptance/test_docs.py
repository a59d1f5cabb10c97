"""What the documents say of commands and rules is so."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from petrec.cli.app import command_tree
from petrec.rules import KINDS
from petrec.rules.warnings import WARNINGS
from petrec.settings import LOGICAL_COLUMNS, Settings, load_settings
from tests.plugins.command import ROOT
from tools.settings_page import settings_page

SECTIONS = [
    "What breaks",
    "Why it happens",
    "Find the rows",
    "Find the cause",
    "Repair",
    "Prevention",
]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OTHER_PROGRAMS = re.compile(r"^(?:docker|curl) (?:.*\\\n)*.*$", re.MULTILINE)


def options(command: Any) -> set[str]:
    found = {name for parameter in command.params for name in parameter.opts}
    for child in getattr(command, "commands", {}).values():
        found |= options(child)
    return found


@cache
def every_option() -> set[str]:
    """Return the options of all commands; to load these takes longer than to read a document."""
    return options(command_tree()) | {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_option_named_exists(document: Path) -> None:
    text = OTHER_PROGRAMS.sub("", document.read_text())
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named <= every_option()


def test_every_rule_is_documented() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    documented = re.findall(r"^\| \[?`(\w+)`\S* \| .* \| ([\w-]+) \|$", text, re.MULTILINE)
    assert documented == [(k.id, k.repair.replace("none", "-")) for k in KINDS]


def test_every_kind_and_warning_has_a_page() -> None:
    pages = {path.stem: path.read_text() for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert pages.keys() == {kind.id for kind in KINDS if kind.is_finding} | {f.id for f in WARNINGS}
    for name, text in pages.items():
        assert text.startswith(f"# {name}\n"), name
        assert re.findall("^## (.+)$", text, re.MULTILINE) == SECTIONS, name


def test_the_page_of_a_kind_names_its_repair_and_its_constraint() -> None:
    for kind in filter(lambda kind: kind.is_finding, KINDS):
        text = (ROOT / "docs" / "rules" / f"{kind.id}.md").read_text()
        repair, prevention = text.split("## Repair\n")[1].split("## Prevention\n")
        assert f"petrec {kind.repair}" in repair, kind.id
        assert (kind.prevented_by or "No constraint") in prevention, kind.id


def test_the_whole_file_of_the_settings_holds_the_defaults(tmp_path: Path) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", settings_page(), re.DOTALL)
    (tmp_path / "petrec.toml").write_text(text)
    assert load_settings(tmp_path / "petrec.toml") == Settings()


def test_every_settings_block_of_a_page_loads(tmp_path: Path) -> None:
    """An unknown name or value is an error, which names the file, and so the page."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for block in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            named = tmp_path / f"{document.stem}.toml"
            named.write_text(block, encoding="utf-8")
            load_settings(named)
    assert (tmp_path / "configuration.toml").exists()


def test_every_variable_that_petrec_reads_is_in_the_reference() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "petrec").rglob("*.py"))
    for name in set(re.findall(r'"(PETREC_[A-Z_]+)"', sources)):
        assert f"`{name}`" in settings_page(), name


def test_every_mapped_column_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    for table, columns in LOGICAL_COLUMNS.items():
        assert f"`{table}" in text
        for column in columns - {"id"}:
            assert f".{column}`" in text, (table, column)
