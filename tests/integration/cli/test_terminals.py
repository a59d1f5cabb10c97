"""Every command at terminals of 80 and 120 columns, as in the files of `snapshots`.

UPDATE_SNAPSHOTS=1 writes them anew: then look at them.
"""

import os
import re
from pathlib import Path

import pytest

from tests.plugins.case_files import decide
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, databases
from tests.plugins.terminals import Screen
from tools.console import comparable

SNAPSHOTS = Path(__file__).parent / "snapshots"
WIDTHS = (80, 120)
# In this order on a database that is damaged at first, each by the name of its file.
COMMANDS = {
    "explain": "explain",
    "audit": "audit",
    "validate": "validate",
    "report": "report --no-history",
    "doctor": "doctor --for audit,backfill,review",
    "constraints-status": "constraints status",
    "constraints-plan": "constraints plan --group indexes --free-space 1GB",
    "doctor-grants": "doctor --grants postgres --for audit",
    "backfill": "backfill",
    "backfill-apply": "backfill --apply --yes --limit 5",
    "runs-list": "runs list",
    "runs-show": "runs show 1",
    "runs-undo-plan": "runs undo 1 --plan",
    "runs-undo": "runs undo 1 --yes",
    "review-export": "review export cases.csv",
    "review-import": "review import cases.csv",
    "review-import-apply": "review import cases.csv --apply --yes",
    "review-status": "review status",
    "runs-abandon": "runs abandon 3 --yes",
    "constraints-apply": "constraints apply --group indexes --yes",
    "constraints-rollback": "constraints rollback --group indexes --yes",
}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]+")
_VARYING = [
    (re.compile(r"\bt\d+_\d+\b"), "clinic"),
    (re.compile(r"\d+ rows, \d+ ms|last batch: \d+ rows, AMOUNT"), "BATCH"),
    (re.compile(r"rows/s: [\d.,]+|(?<=│) +[\d.,]+ │ AMOUNT│"), "RATE"),
    (re.compile(r"[\w.-]+:\d+"), "CLIENT"),
    (re.compile(r"\s+"), " "),
]


@pytest.fixture(scope="module")
def shown(cluster: Cluster, screen: Screen) -> dict[str, dict[int, str]]:
    """What every command shows, by its name and the width."""
    found: dict[str, dict[int, str]] = {name: {} for name in COMMANDS}
    for width in WIDTHS:
        with databases(cluster) as make:
            clinic = make()
            for name, command in COMMANDS.items():
                _prepare(name, clinic)
                words = command.split()
                found[name][width] = screen.show(*words, width=width, dsn=clinic.dsn)
                if name == "review-export":
                    decide(screen.beside(width) / "cases.csv")
    return found


def _prepare(name: str, clinic: Database) -> None:
    if name == "runs-abandon":
        clinic.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL WHERE id = 3")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_as_its_snapshot(name: str, shown: dict[str, dict[int, str]]) -> None:
    file = SNAPSHOTS / f"{name}.txt"
    sections = (f"$ petrec {COMMANDS[name]}    # {w} columns\n{t}" for w, t in shown[name].items())
    now = "\n".join(sections)
    kept = file.read_text("utf-8") if file.exists() else ""
    if os.environ.get("UPDATE_SNAPSHOTS") and _comparable(now) != _comparable(kept):
        file.write_text(now, encoding="utf-8")
        return
    assert _comparable(now) == _comparable(kept)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_id_is_folded_and_no_table_is_too_wide(
    shown: dict[str, dict[int, str]], width: int
) -> None:
    for name, texts in shown.items():
        lines = texts[width].splitlines()
        assert [id_ for id_ in _ID.findall(texts[width]) if len(id_) < 36] == [], name
        assert [line for line in lines if len(line) > width and "│" in line] == [], name


def _comparable(text: str) -> str:
    """Return a text without what differs from run to run, and without its line ends."""
    text = comparable(text)
    for varying, word in _VARYING:
        text = varying.sub(word, text)
    return text
