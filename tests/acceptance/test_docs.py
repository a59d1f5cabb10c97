"""What the documents say of commands and rules is so."""

import re
from pathlib import Path
from typing import Any

import pytest

from petrec.cli.app import command_tree
from petrec.rules import KINDS
from petrec.settings import LOGICAL_COLUMNS
from tests.plugins.command import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def options(command: Any) -> set[str]:
    found = {name for parameter in command.params for name in parameter.opts}
    for child in getattr(command, "commands", {}).values():
        found |= options(child)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_option_named_exists(document: Path) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", document.read_text()))
    assert named <= options(command_tree()) | {"--help"}


def test_every_rule_is_documented() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| .* \| ([\w-]+) \|$", text, re.MULTILINE)
    assert documented == [(k.id, k.repair.replace("none", "-")) for k in KINDS]


def test_every_mapped_column_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    for table, columns in LOGICAL_COLUMNS.items():
        assert f"`{table}" in text
        for column in columns - {"id"}:
            assert f".{column}`" in text, (table, column)
