"""A command line is judged once, before any target: does it ask, and which files does it write?"""

import pytest

from petrec.cli.fleet.commands import FleetCommand, ParsedCommand
from petrec.errors import UsageError


def parsed(line: str) -> ParsedCommand:
    return FleetCommand.find(line.split()).parse()


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        ("audit", False),
        ("backfill", False),
        ("backfill --plan judged.csv", False),
        ("backfill --apply", True),
        ("backfill --plan judged.csv --apply", True),
        ("backfill --apply --yes", False),
        ("runs undo 1", True),
        ("runs undo 1 --plan", False),
        ("runs abandon 1", True),
        ("runs list", False),
        ("constraints plan", False),
        ("constraints apply", True),
        ("constraints apply --plan 0123456789abcdef", True),
        ("review export {target}.csv", False),
    ],
)
def test_only_what_writes_asks_first(line: str, asks: bool) -> None:
    assert parsed(line).asks is asks


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("backfill --plan judged.csv", ()),
        ("validate --expect known.toml --baseline {target}.txt", ("{target}.txt",)),
        ("review export {schema}.xlsx", ("{schema}.xlsx",)),
        ("report --from-file old.json --html {target}.html", ("{target}.html",)),
    ],
)
def test_files_that_are_read_may_be_the_same_for_all(line: str, files: tuple[str, ...]) -> None:
    assert parsed(line.replace("--from-file", "--from")).files == files


@pytest.mark.parametrize("line", ["", "nothing", "review", "review import a.csv", "serve", "fleet"])
def test_other_commands_are_refused_with_those_that_are_taken(line: str) -> None:
    with pytest.raises(UsageError, match="not for a fleet") as refused:
        FleetCommand.find(line.split())
    assert "review export" in refused.value.hint


def test_what_names_a_target_belongs_before_the_command() -> None:
    for option in ("--schema", "--dsn", "--service", "--config"):
        with pytest.raises(UsageError, match=f"{option} belongs before audit"):
            parsed(f"audit {option} x").check()


@pytest.mark.parametrize("name", ["audit", "report", "runs list"])
def test_a_format_of_what_is_not_shown_belongs_before_the_command(name: str) -> None:
    with pytest.raises(UsageError, match=f"--format belongs before {name}"):
        parsed(f"{name} --format json").check()
    if name != "report":
        parsed(f"{name} --format json --output {{target}}.json").check()
