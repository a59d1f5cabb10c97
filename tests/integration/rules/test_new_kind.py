"""A kind is added by the steps of CONTRIBUTING: a file and its page, and nothing else."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database

NEW = "dangling_pet_alone"
STEPS = (ROOT / "CONTRIBUTING.md").read_text().split("## Add a kind of damage")[1].split("\n## ")[0]
ALONE = """
UPDATE recordings SET appointment_id = NULL WHERE id IN (
    SELECT id FROM recordings r WHERE pet_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM pets p WHERE p.id = r.pet_id) ORDER BY id LIMIT 3)
"""
# Commands in one process: to import petrec takes longer than each.
COMMANDS = """
import json, sys
from typer.testing import CliRunner
from petrec.cli.app import app
ended = [CliRunner().invoke(app, words) for words in json.load(sys.stdin)]
print(json.dumps([(each.exit_code, each.stdout, each.stderr) for each in ended]))
"""
# Plugins that are not used take longer to load than the tests take.
ALONE_WITH = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_timeout"}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def step(language: str) -> str:
    [block] = re.findall(rf"```{language}\n(.*?)```", STEPS, re.DOTALL)
    return textwrap.dedent("   " + block.lstrip())


@pytest.fixture
def scratch(tmp_path: Path) -> Run:
    """Follow the steps on a copy of petrec; returns what runs a program of the copy."""
    for part in ("petrec", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("matrix"))
    for part in ("docs", "migrations", "tools"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / f"petrec/rules/kinds/{NEW}.py").write_text(step("python"))
    page = tmp_path / "docs" / "rules.md"
    neighbour = page.with_suffix("") / "dangling_pet.md"
    neighbour.with_stem(NEW).write_text(neighbour.read_text().replace("dangling_pet", NEW))
    row = "| [`dangling_pet`]"
    page.write_text(page.read_text().replace(row, step("markdown") + row))

    def run(*arguments: str, given: str = "", dsn: str = "") -> "subprocess.CompletedProcess[str]":
        named = {"PETREC_DATABASE_URL": dsn} if dsn else {}
        ended = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, text=True, capture_output=True, input=given,
            env=environment(**named, PETREC_EXAMPLES="2", **ALONE_WITH)
            | {"PYTHONPATH": str(tmp_path)},
            timeout=240, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended

    return run


@pytest.mark.long
def test_the_new_kind_is_documented_and_its_twins_agree(scratch: Run) -> None:
    rules = "tests/integration/rules/test_rule_twins.py"
    scratch(
        "-m", "pytest", "-qx", "tests/acceptance/test_docs.py", rules,
        "-k", "test_docs and (kind or rule) or where_links_are_sound",
    )  # fmt: skip


def test_every_command_knows_the_new_kind(scratch: Run, clinic: Database, tmp_path: Path) -> None:
    clinic.execute(ALONE)
    commands = (
        ("audit", "--format", "json"), ("audit", "--rows", NEW), ("validate", "--format", "json"),
        ("review", "export", "cases.csv", "--kind", NEW), ("constraints", "apply", "--yes"),
    )  # fmt: skip
    told = scratch("-c", COMMANDS, given=json.dumps(commands), dsn=clinic.dsn).stdout
    ended = json.loads(told)
    assert [code for code, *_ in ended] == [1, 1, 1, 0, 1]
    audited, rows, validated, *_ = (out for _, out, _ in ended)
    counts = {kind["id"]: kind["count"] for kind in json.loads(audited)["kinds"]}
    assert (counts[NEW], counts["dangling_pet"]) == (3, 5)
    assert len(rows.splitlines()) == 1 + 3
    assert (tmp_path / "cases.csv").read_text().count(NEW) == 3
    assert {rule["id"]: rule["count"] for rule in json.loads(validated)["rules"]}[NEW] == 3
    assert NEW in "".join(ended[-1][1:])
