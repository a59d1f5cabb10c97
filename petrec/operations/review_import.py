"""Import of files with decisions: checked line by line, and written as a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petrec.features.review.apply import (
    foresee_review,
    record_review,
    resume_review,
    review_target,
)
from petrec.features.review.case import Verdict
from petrec.features.review.check import check
from petrec.features.review.checked import Checked, write_rejects
from petrec.features.review.clock import Clock
from petrec.features.review.imported import ReviewImport
from petrec.features.review.plan_list import write_plan
from petrec.features.review.read import read_files
from petrec.features.review.read.entry import Reading
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.foresight import Foresight
from petrec.features.runs.journal.presence import is_installed
from petrec.features.runs.journal.store import unfinished_run
from petrec.features.runs.lineage import read_skips
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import Action, Observer, Run, Target
from petrec.features.runs.targets import make_target, mapped_target
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.postgres.writable import check_writable
from petrec.rules.census import take_census
from petrec.rules.kinds.missing_inferable import MISSING_INFERABLE
from petrec.schema import Schema


@dataclass(frozen=True)
class Decisions:
    """Files with decisions; `reviewer` applies to lines that name nobody.

    `partial` writes the valid lines, and the others to FILE.rejects.csv. `timezone` is that of the
    export, by default the one of the settings. `plan_list` is the
    CSV to write the plan to, as a list to sign.
    """

    files: Sequence[Path]
    reviewer: str = ""
    touch: Sequence[str] = ()
    partial: bool = False
    timezone: str = ""
    plan_list: Path | None = None


@dataclass(frozen=True)
class DecisionsToRecord:
    """The argument of `confirm`: how many decisions, about which table."""

    count: int
    table: str


def check_review(session: Session, decisions: Decisions, *, step: Step = ignore) -> ReviewImport:
    """Check files with decisions line by line; writes nothing."""
    return _Import(session, decisions, _read(decisions), step).plan()


def import_review(
    session: Session,
    decisions: Decisions,
    *,
    throttling: Throttling | None = None,
    anew: bool = False,
    confirm: Confirm[DecisionsToRecord] | None = None,
    step: Step = ignore,
    progress: Observer = ignore,
) -> ReviewImport:
    """Write the decisions of files: all or none, unless they are `partial`.

    An unfinished import is finished first, or abandoned with `anew`. `confirm` is called before
    anything is written. A result with problems and without `partial` has written nothing.
    """
    job = _Import(session, decisions, _read(decisions), step)
    return job.apply(throttling or Throttling(), progress, confirm, anew=anew)


def _read(decisions: Decisions) -> Reading:
    return read_files(list(decisions.files), decisions.reviewer.strip())


@dataclass(frozen=True)
class _Outlook:
    """The check of the decisions against the database, in one snapshot."""

    checked: Checked
    schema: Schema
    target: Target
    inferable: int
    foresight: Foresight


@dataclass(frozen=True)
class _Import:
    session: Session
    decisions: Decisions
    reading: Reading
    step: Step

    def plan(self) -> ReviewImport:
        """Check, and write nothing."""
        outlook = self._look()
        foresight = outlook.foresight
        self._write_list(outlook)
        return self._result(outlook, obstacles=foresight.obstacles, warnings=foresight.warnings)

    def apply(
        self,
        throttling: Throttling,
        progress: Observer,
        confirm: Confirm[DecisionsToRecord] | None,
        *,
        anew: bool,
    ) -> ReviewImport:
        """Finish an unfinished import, check again, and write."""
        partial, engine = self.decisions.partial, self.session.engine
        outlook = self._look(writing=True)
        # An unfinished import comes first: until then, its remaining decisions look stale.
        unfinished = not anew and self._is_unfinished()
        if outlook.checked.problems and not partial and not unfinished:
            return self._result(outlook, applied=True)
        self._write_list(outlook)
        require(confirm, DecisionsToRecord(len(outlook.checked.ballots), outlook.target.table))
        run = None
        with self.session.translated():
            schema, target = outlook.schema, outlook.target
            resumed = resume_review(engine, schema, target, throttling, progress, anew=anew)
            if resumed is not None:
                outlook = self._look(writing=True)
            checked, schema, target = outlook.checked, outlook.schema, outlook.target
            if checked.ballots and (partial or not checked.problems):
                run = record_review(engine, schema, target, checked.ballots, throttling, progress)
        rejects = tuple(write_rejects(checked)) if partial else ()
        skipped = (*self._skips(resumed), *self._skips(run))
        return self._result(
            outlook, applied=True, run=run, resumed=resumed, skipped=skipped, rejects=rejects
        )

    def _look(self, *, writing: bool = False) -> _Outlook:
        with self.session.snapshot() as (connection, schema):
            self.step("checking decisions")
            clock = self._clock()
            clock.check(connection)
            checked = check(connection, schema, self.reading, clock)
            target = review_target(
                make_target(schema, self.decisions.touch),
                links=checked.counts[Verdict.LINK] > 0,
                moves=checked.moves,
            )
            if writing:
                links = "INSERT" if target.links else ""
                check_writable(connection, schema, target.columns, links=links)
            foresight = Foresight() if writing else foresee_review(connection, schema, target)
            inferable = take_census(connection, schema).count(kind=MISSING_INFERABLE.id)
        return _Outlook(checked, schema, target, inferable, foresight)

    def _write_list(self, outlook: _Outlook) -> None:
        if self.decisions.plan_list is not None:
            write_plan(self.decisions.plan_list, outlook.checked.ballots)

    def _clock(self) -> Clock:
        return Clock(self.decisions.timezone or self.session.settings.review.timezone)

    def _is_unfinished(self) -> bool:
        target = mapped_target(self.session.settings.mapping)
        with self.session.translated(), self.session.engine.connect() as connection:
            installed = is_installed(connection)
            return installed and unfinished_run(connection, target, Action.REVIEW) is not None

    def _skips(self, run: Run | None) -> tuple[MovedOn, ...]:
        if run is None or not run.skipped:
            return ()
        with self.session.translated(), self.session.engine.connect() as connection:
            return read_skips(connection, run.id)

    def _result(self, outlook: _Outlook, **more: Any) -> ReviewImport:
        checked = outlook.checked
        return ReviewImport(
            files=tuple(map(str, self.decisions.files)),
            verdicts=checked.verdicts,
            already=checked.already,
            problems=tuple(checked.problems),
            partial=self.decisions.partial,
            inferable=outlook.inferable,
            **more,
        )
