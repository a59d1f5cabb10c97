"""A command reads options, calls an operation and shows the result: what it does is below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.plugins.command import ROOT

_CLI = ROOT / "petrec" / "cli"
_BELOW = ("petrec.features", "petrec.postgres", "petrec.rules", "petrec.api")
# What makes a session or a server, words values, reads an option, or writes files that come along.
ALLOWED = {
    "as_size", "example_files", "failure_marked", "listen", "make_config", "make_engine",
    "resolve_dsn", "run_server", "settings_text", "to_bytes", "without_secrets",
}  # fmt: skip


def functions_from_below(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_BELOW):
            yield from (each.name for each in node.names if each.name.islower())


def test_commands_call_operations_alone() -> None:
    called = {
        path.relative_to(ROOT): found
        for path in _CLI.rglob("*.py")
        if (found := set(functions_from_below(path)) - ALLOWED)
    }
    assert called == {}
