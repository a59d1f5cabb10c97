"""What docs/python.md promises to programs: its blocks run, short programs do the main jobs."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import petrec
from petrec.demo.clinic import create
from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database

Program = Callable[[str], str]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

AUDIT = """
import petrec
session = petrec.connect()
result = petrec.audit(session)
worst = max(result.kinds[1:], key=lambda kind: kind.count)
listed = sum(1 for row in petrec.rows(session, worst.id))
print(result.findings > 0, listed == worst.count)
"""
BACKFILL = """
import petrec
session = petrec.connect()
plan = petrec.plan_backfill(session)
seen = []
done = petrec.apply_backfill(session, progress=lambda run: seen.append(run.changed))
print(done.run.changed == plan.planned, seen == sorted(seen), seen[-1] == plan.planned)
"""
UNDO = """
import petrec
session = petrec.connect()
before = petrec.audit(session).count("missing_inferable")
run = petrec.apply_backfill(session).run
between = petrec.audit(session).count("missing_inferable")
taken_back = petrec.undo(session, run.id)
after = petrec.audit(session).count("missing_inferable")
print(before == after == taken_back.run.changed, between, taken_back.moved_on)
"""


@pytest.fixture
def program(empty_database: Database, tmp_path: Path) -> Program:
    """Run a program on the demo's clinic, and return what it prints."""
    with psycopg.connect(empty_database.dsn) as connection:
        create(connection, recordings=1_000, seed=3)

    def run(code: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True,
            env=environment(PETREC_DATABASE_URL=empty_database.dsn), check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.mark.parametrize(
    ("code", "printed"),
    [(AUDIT, "True True\n"), (BACKFILL, "True True True\n"), (UNDO, "True 0 ()\n")],
    ids=["audit", "backfill", "undo"],
)
def test_ten_lines_do_a_main_job(program: Program, code: str, printed: str) -> None:
    assert program(code) == printed


def sections() -> dict[str, str]:
    """Return the programs of the page: the blocks of a section belong together."""
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    programs = dict(zip(parts[1::2], parts[2::2], strict=True))
    joined = {title: "\n".join(_BLOCK.findall(part)) for title, part in programs.items()}
    return {title: code for title, code in joined.items() if code}


@pytest.mark.parametrize("title", sections())
def test_the_programs_of_the_page_run(program: Program, title: str) -> None:
    program(sections()[title])


def test_a_user_sees_every_name_and_no_other() -> None:
    homes = {name: getattr(petrec, name) for name in petrec._HOMES}
    assert set(homes) <= set(dir(petrec))
    with pytest.raises(AttributeError):
        petrec.adit  # type: ignore[attr-defined] # noqa: B018
