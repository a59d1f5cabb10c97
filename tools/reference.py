"""Write the pages of docs/reference: commands, settings and tables, as the program knows them."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from petrec.cli.app import command_tree
from tools.schema_page import tables_page
from tools.settings_page import settings_page

DIRECTORY = Path(__file__).parent.parent / "docs" / "reference"
_WORDS = {int: "number", float: "number", Path: "path"}
_HEAD = """# Commands

Every command and option. `make docs-text` writes this page from the program; `petrec COMMAND
--help` shows the same.
"""
_TAIL = """
Next: [the settings](settings.md), and
[what the exit codes mean](../index.md#exit-codes).
"""


def commands_page() -> str:
    """Return the page."""
    return _HEAD + "".join(_sections(command_tree(), ())) + _TAIL


def _sections(group: Any, path: tuple[str, ...]) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        yield _section(command, (*path, name))
        if hasattr(command, "commands"):
            yield from _sections(command, (*path, name))


def _section(command: Any, path: tuple[str, ...]) -> str:
    words, examples = _help(command.help or "")
    parts = [f"\n## petrec {' '.join(path)}\n\n{words}\n"]
    if examples:
        parts.append(f"\n```text\n{examples}\n```\n")
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        parts.append("\n| option | value | default | what it does |\n|---|---|---|---|\n")
        parts += rows
    return "".join(parts)


def _help(text: str) -> tuple[str, str]:
    """Return what a docstring says, and its examples one a line."""
    words, _, examples = text.replace("\b", "").partition("Examples:")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    return re.sub(r"\n(?!\n)", " ", words.strip()).replace("\n ", "\n\n"), "\n".join(lines)


def _row(parameter: Any) -> str:
    names = parameter.opts if parameter.opts[0].startswith("-") else [parameter.metavar]
    cells = (
        ", ".join(f"`{name}`" for name in names),
        _value(parameter),
        _default(parameter),
        parameter.help or "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _value(parameter: Any) -> str:
    """Return what an option takes: its metavar, or its type with the bounds."""
    if getattr(parameter, "is_flag", False) or getattr(parameter, "count", False):
        return "-"
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{choice.value}`" for choice in kind)
    bounds = [f"from {parameter.min}"] if parameter.min is not None else []
    bounds += [f"to {parameter.max}"] if parameter.max is not None else []
    return " ".join([parameter.metavar or _WORDS.get(kind, "text"), *bounds])


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or callable(value) or value in (False, (), [], 0):
        return "-"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def pages() -> dict[str, str]:
    """Return the text of every page by its name."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "tables.md": tables_page(),
    }


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for name, text in pages().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")
