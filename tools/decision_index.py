"""Write docs/decisions/README.md: every decision by number, with its title, date and state."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

DECISIONS = Path(__file__).parent.parent / "docs" / "decisions"
INDEX = DECISIONS / "README.md"
HEAD = """# Decisions

Each record says what was decided and why. `make decisions` writes this table from the records. A
record that no longer holds gets a line `Superseded by NNNN.` under its title, and stays.

| number | decision | date | state |
|---|---|---|---|
"""
_ROW = re.compile(r"^\| \[(\d{4})\]\(.*\) \| .* \| (\d{4}-\d\d-\d\d) \| .* \|$", re.MULTILINE)
_SUPERSEDED = re.compile(r"^Superseded by (\d{4})\.$", re.MULTILINE)


class Decision(NamedTuple):
    """One record, as the index shows it."""

    number: str
    file: str
    title: str
    state: str


def read_decisions() -> list[Decision]:
    """Return all records in the order of their numbers."""
    return [_read(path) for path in sorted(DECISIONS.glob("[0-9]*.md"))]


def _read(path: Path) -> Decision:
    text = path.read_text(encoding="utf-8")
    superseded = _SUPERSEDED.search(text)
    state = f"superseded by {superseded[1]}" if superseded else "accepted"
    title = text.splitlines()[0].removeprefix("# ").replace("|", "\\|")
    return Decision(path.name[:4], path.name, title, state)


def known_dates() -> dict[str, str]:
    """Return the dates that the index holds already: they need no history of the repository."""
    return dict(_ROW.findall(INDEX.read_text(encoding="utf-8"))) if INDEX.exists() else {}


def first_commit(file: str) -> str:
    """Return the date on which git first saw a record; today for one not committed yet."""
    git = ["git", "log", "--follow", "--diff-filter=A", "--format=%as", "--", file]
    dates = subprocess.run(git, cwd=DECISIONS, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return dates.split()[-1] if dates.split() else datetime.now(UTC).date().isoformat()


def index_text(decisions: list[Decision], dates: dict[str, str]) -> str:
    """Return the index; a record without a known date gets that of its first commit."""
    rows = (
        f"| [{each.number}]({each.file}) | {each.title}"
        f" | {dates.get(each.number) or first_commit(each.file)} | {each.state} |\n"
        for each in decisions
    )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    text = index_text(read_decisions(), known_dates())
    sys.stdout.write(f"{INDEX.name}: {len(read_decisions())} decisions\n")
    INDEX.write_text(text, encoding="utf-8")
