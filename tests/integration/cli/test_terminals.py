"""Every command at terminals of 80 and 120 columns, as in the files of `snapshots`.

UPDATE_SNAPSHOTS=1 writes them anew: then look at them.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugins.case_files import decide
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, databases
from tests.plugins.terminals import Screen
from tools.console import comparable

SNAPSHOTS = Path(__file__).parent / "snapshots"
NARROW, WIDE = 80, 120
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


@dataclass(frozen=True)
class Shown:
    """What every command shows at terminals of one width, by its name."""

    width: int
    texts: dict[str, str]

    def section(self, name: str) -> str:
        """Return what the file of a command has of this width."""
        return f"{_head(name, self.width)}{self.texts[name]}"


@pytest.fixture(scope="module", params=[NARROW, pytest.param(WIDE, marks=pytest.mark.full)])
def shown(request: pytest.FixtureRequest, cluster: Cluster, screen: Screen) -> Shown:
    """The narrow terminal folds more, so the wide one is left to `make test-full`."""
    width: int = request.param
    texts: dict[str, str] = {}
    with databases(cluster) as make:
        clinic = make()
        for name, command in COMMANDS.items():
            _prepare(name, clinic)
            texts[name] = screen.show(*command.split(), width=width, dsn=clinic.dsn)
            if name == "review-export":
                decide(screen.beside(width) / "cases.csv")
    return Shown(width, texts)


def _head(name: str, width: int) -> str:
    return f"$ petrec {COMMANDS[name]}    # {width} columns\n"


def _prepare(name: str, clinic: Database) -> None:
    if name == "runs-abandon":
        clinic.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL WHERE id = 3")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_as_its_snapshot(name: str, shown: Shown) -> None:
    file = SNAPSHOTS / f"{name}.txt"
    kept = _sections(name, file.read_text("utf-8") if file.exists() else "")
    now, before = shown.section(name), kept.get(shown.width, "")
    if os.environ.get("UPDATE_SNAPSHOTS") and _comparable(now) != _comparable(before):
        kept[shown.width] = now
        file.write_text("\n".join(kept[width] for width in sorted(kept)), encoding="utf-8")
        return
    assert _comparable(now) == _comparable(before)


def test_no_id_is_folded_and_no_table_is_too_wide(shown: Shown) -> None:
    for name, text in shown.texts.items():
        lines = text.splitlines()
        assert [id_ for id_ in _ID.findall(text) if len(id_) < 36] == [], name
        assert [line for line in lines if len(line) > shown.width and "│" in line] == [], name


def _sections(name: str, text: str) -> dict[int, str]:
    """Return the sections of a command's file by their widths."""
    narrow, head, wide = text.partition(f"\n{_head(name, WIDE)}")
    return {NARROW: narrow} | ({WIDE: head[1:] + wide} if head else {})


def _comparable(text: str) -> str:
    """Return a text without what differs from run to run, and without its line ends."""
    text = comparable(text)
    for varying, word in _VARYING:
        text = varying.sub(word, text)
    return text
