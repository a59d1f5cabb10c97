"""The outcome of a check: what will be recorded, and the refused lines, to be corrected."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from petrec.documents.as_csv import write_rows
from petrec.documents.spool import Spool
from petrec.features.review.agree import Ballot
from petrec.features.review.case import Verdict
from petrec.features.review.imported import LineProblem, SourceLine
from petrec.features.review.judge import Objection
from petrec.features.review.read.entry import DecisionEntry, Row
from petrec.features.review.rows import COLUMNS
from petrec.files import atomic_text, keep_beside

_REASON = "problem"


@dataclass
class Checked:
    """The outcome: ballots to record in order, on disk, and everything else."""

    ballots: Spool[Ballot] = field(default_factory=lambda: Spool(Ballot))
    counts: Counter[Verdict] = field(default_factory=Counter)
    moves: bool = False
    already: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    rows: dict[SourceLine, Row] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, int]:
        """Return the number of ballots by verdict."""
        return {str(v): self.counts[v] for v in Verdict if self.counts[v]}

    def accept(self, ballot: Ballot) -> None:
        """Add a ballot to be recorded; `moves` is whether any changes the appointment."""
        self.ballots.append(ballot)
        self.counts[ballot.decision.verdict] += 1
        self.moves |= ballot.moves

    def refuse(self, entry: DecisionEntry, refusal: Objection) -> None:
        """Note why an entry is not recorded."""
        decision = entry.decision
        self.problems.append(
            LineProblem(
                entry.place,
                refusal.where,
                refusal.reason,
                refusal.trouble,
                decision.recording_id,
                refusal.value,
            )
        )
        self.rows[entry.place] = entry.row


def write_rejects(checked: Checked) -> list[str]:
    """Write one CSV for each file that has refused lines; returns their names."""
    files = dict.fromkeys(p.place.file for p in checked.problems if p.place in checked.rows)
    return [_write(file, checked) for file in files]


def _write(file: str, checked: Checked) -> str:
    path = Path(f"{file}.rejects.csv")
    rows: list[tuple[str, ...]] = []
    for problem in checked.problems:
        if problem.place.file == file and problem.place in checked.rows:
            row = checked.rows[problem.place]
            rows.append((*(row.get(column, "") for column in COLUMNS), str(problem)))
    # A person may have corrected the file and not imported it yet.
    with atomic_text(path, before=keep_beside) as out:
        write_rows((*COLUMNS, _REASON), rows, out, bom=True)
    return str(path)
