"""What a backfill would do, and what it has done."""

from typing import TYPE_CHECKING

from msgspec import Struct

from petrec.documents.amounts import counted
from petrec.documents.document import Document, Grid, Result
from petrec.documents.frames import records_frame
from petrec.features.backfill.broken import ForeseenRefusals
from petrec.features.backfill.unfinished import unfinished_note
from petrec.features.runs.result import MovedOn, left_alone
from petrec.features.runs.run import Run
from petrec.phrases import Phrase, Phrased
from petrec.postgres.triggers import SearchingTriggers, Trigger

if TYPE_CHECKING:
    from pandas import DataFrame


class StrategyCount(Struct, frozen=True):
    """The number of recordings whose pet one strategy names."""

    id: str
    sentence: str
    count: int


class BackfillPlan(Result, frozen=True):
    """What a backfill would write now; `left` recordings need a person instead.

    `ambiguous` of these have an appointment with several pets. `limit` is how many recordings the
    run may change, None for all; `only` are conditions that limit the plan and its counts.
    `script` is one batch for psql. `refusals` are recordings that are planned, but that a run will
    skip, since a check of the table refuses them.
    """

    table: str
    strategies: tuple[StrategyCount, ...]
    left: int
    triggers: tuple[Trigger, ...]
    locks: tuple[str, ...]
    script: str
    touch: tuple[str, ...]
    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    resumes: int | None = None
    abandons: int | None = None
    searching: SearchingTriggers | None = None
    limit: int | None = None
    only: tuple[str, ...] = ()
    ambiguous: int = 0
    refusals: ForeseenRefusals = ForeseenRefusals()
    command: str = "backfill"

    @property
    def planned(self) -> int:
        """Return how many recordings a run would try to change."""
        certain = sum(strategy.count for strategy in self.strategies)
        return certain if self.limit is None else min(certain, self.limit)

    @property
    def summary(self) -> str:
        """Return in words what would be written."""
        return self.refusals.summary(self.planned, self.table)

    def frame(self) -> "DataFrame":
        """Return what each strategy would do as a data frame."""
        return records_frame(StrategyCount, self.strategies)

    def document(self) -> Document:
        """Return the form for rendering."""
        return Document(
            command=self.command,
            title=f"plan: {self.summary}",
            payload=self,
            grids=(
                Grid(
                    "Recordings by evidence",
                    ("strategy", "recordings", "because"),
                    tuple((s.id, s.count, s.sentence) for s in self.strategies),
                ),
                Grid(
                    "Triggers that will fire",
                    ("trigger", "function", "when"),
                    tuple((t.name, t.function, t.timing) for t in self.triggers),
                ),
                Grid("Locks per batch", ("lock",), tuple((lock,) for lock in self.locks)),
            ),
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        touched = f"; also set to now(): {', '.join(self.touch)}" if self.touch else ""
        people = Phrased(Phrase.CASES_AFTER_APPLY, left=self.left, ambiguous=self.ambiguous)
        remarks = (
            counted_only(self.only) if self.only else "",
            *(Phrased(Phrase.APPLY_WOULD_FAIL, obstacle=obstacle) for obstacle in self.obstacles),
            *self.warnings,
            people if self.left else "",
            f"only pet_id changes{touched}",
            str(self.searching or ""),
            unfinished_note(self.resumes, self.abandons),
            Phrased(Phrase.STATEMENT_PRINTED_BY) if self.script else "",
            Phrased(Phrase.NOT_APPLIED),
        )
        return tuple(remark for remark in remarks if remark)


class BackfillResult(Result, frozen=True):
    """A run at its end; `run` is None if there was nothing to do.

    `certain` recordings were beyond the plan's limit, or came later: another run may repair them.
    `not_written` lists rows that were refused or changed by a trigger: the first of them, where
    they are many.
    """

    run: Run | None
    left: int
    ambiguous: int
    export: str | None
    refused: int = 0
    rewritten: int = 0
    certain: int = 0
    not_written: tuple[MovedOn, ...] = ()
    export_failure: str = ""
    only: tuple[str, ...] = ()
    command: str = "backfill apply"

    @property
    def is_clean(self) -> bool:
        """Return whether no row was refused, and none changed by a trigger."""
        return not self.refused and not self.rewritten

    def frame(self) -> "DataFrame":
        """Return the rows that were not written as planned as a data frame."""
        return records_frame(MovedOn, self.not_written)

    def document(self) -> Document:
        """Return the form for rendering."""
        run = self.run
        changed, skipped = (run.changed, run.skipped) if run else (0, 0)
        rows: list[tuple[str, int]] = [
            ("changed", changed),
            ("skipped: the evidence had changed", skipped - self.refused - self.rewritten),
            ("refused by the database", self.refused),
            ("changed differently by a trigger", self.rewritten),
            *([("certain, left for another run", self.certain)] if self.certain else []),
            ("left for a person", self.left),
            ("ambiguous ones among them", self.ambiguous),
        ]
        name = f"run {run.id} {run.state}" if run else "nothing to do"
        now = changed - run.before if run else 0
        have = "has its" if now == 1 else "have their"
        recordings = f"{counted(now, 'recording')} {have}"
        title = f"{name}: {recordings} pet now{run.in_all if run else ''}"
        grids = [Grid("Outcome", ("recordings", "count"), tuple(rows))]
        if self.not_written:
            grids.append(left_alone("Not written as planned", self.not_written))
        return Document(self.command, title, self, tuple(grids), notes=self._notes())

    def _notes(self) -> tuple[str, ...]:
        notes = [counted_only(self.only)] if self.only else []
        notes += [f"ambiguous rows: {self.export}"] if self.export else []
        if self.refused + self.rewritten > len(self.not_written):
            notes.append(f"{len(self.not_written)} rows are listed; all are in petrec.skips")
        if self.export_failure:
            notes.append(f"could not export the ambiguous rows: {self.export_failure}")
        if self.run and self.run.warning:
            notes.append(self.run.warning)
        if self.run:
            notes.append(self.run.speed)
            notes.append(f"to undo: petrec runs undo {self.run.id}")
        return tuple(notes)


def counted_only(only: tuple[str, ...]) -> str:
    """Return which recordings a plan and its counts are about."""
    return f"plan, counts and CSV cover only recordings with: {', '.join(only)}"
