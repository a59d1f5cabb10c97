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

    def run(*arguments: str, dsn: str = "", code: int = 0) -> "subprocess.CompletedProcess[str]":
        named = {"PETREC_DATABASE_URL": dsn} if dsn else {}
        ended = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=tmp_path, text=True, capture_output=True,
            env=environment(**named, PETREC_EXAMPLES="2", **ALONE_WITH)
            | {"PYTHONPATH": str(tmp_path)},
            timeout=240, check=False,
        )  # fmt: skip
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended

    return run


@pytest.mark.long
def test_the_new_kind_is_documented_and_its_twins_agree(scratch: Run) -> None:
    rules = "tests/integration/rules/test_rule_twins.py"
    scratch(
        "pytest", "-qx", "tests/acceptance/test_docs.py", rules,
        "-k", "test_docs and (kind or rule) or where_links_are_sound",
    )  # fmt: skip


def test_every_command_knows_the_new_kind(scratch: Run, clinic: Database, tmp_path: Path) -> None:
    clinic.execute(ALONE)
    found = json.loads(
        scratch("petrec", "audit", "--format", "json", dsn=clinic.dsn, code=1).stdout
    )
    counts = {kind["id"]: kind["count"] for kind in found["kinds"]}
    assert (counts[NEW], counts["dangling_pet"]) == (3, 5)
    rows = scratch("petrec", "audit", "--rows", NEW, dsn=clinic.dsn, code=1).stdout
    assert len(rows.splitlines()) == 1 + 3
    scratch("petrec", "review", "export", "cases.csv", "--kind", NEW, dsn=clinic.dsn)
    assert (tmp_path / "cases.csv").read_text().count(NEW) == 3
    rules = json.loads(
        scratch("petrec", "validate", "--format", "json", dsn=clinic.dsn, code=1).stdout
    )
    assert {rule["id"]: rule["count"] for rule in rules["rules"]}[NEW] == 3
    planned = scratch("petrec", "constraints", "apply", "--yes", dsn=clinic.dsn, code=1)
    assert NEW in planned.stdout + planned.stderr
