"""Decisions written as they are made, by the checks of an import, and undone."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from petrec.features.review.apply import review_target
from petrec.features.review.audio import Audio
from petrec.features.review.case import Case, Decision, Verdict
from petrec.features.review.check import check
from petrec.features.review.checked import Checked
from petrec.features.review.clock import UTC, Clock
from petrec.features.review.imported import LineProblem, SourceLine, Trouble
from petrec.features.review.read.entry import Reading
from petrec.features.review.read.json_file import read_decision
from petrec.features.review.served.answer import (
    SOURCE,
    Answer,
    DecideRequest,
    Outcome,
    StandingDecision,
    UndoRequest,
    is_of,
    overtaken,
    standing_of,
)
from petrec.features.review.served.presence import Attendance
from petrec.features.review.served.sight import Sight, see
from petrec.features.review.served.writer import RunWriter, SnapshotSource, check_undo
from petrec.features.runs.journal.store import read_run
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import Run, SkipCause, Target
from petrec.features.runs.targets import make_target
from petrec.postgres.writable import check_writable
from petrec.schema import Schema

# Cases that were decided here stay on the page, so that people see them and may undo them.
MOST_KEPT = 5_000
_OUTCOMES = {
    Trouble.ERROR: Outcome.REFUSED,
    Trouble.STALE: Outcome.CHANGED,
    Trouble.CONFLICT: Outcome.TAKEN,
}


@dataclass(frozen=True)
class _Prepared:
    """A decision compared with the recording in one snapshot."""

    sight: Sight
    checked: Checked
    schema: Schema
    target: Target


class Desk:
    """Writes one decision after the other; safe to use from threads."""

    def __init__(
        self,
        database: SnapshotSource,
        presence: Attendance,
        clock: Clock = UTC,
        touch: Sequence[str] = (),
        sound: Callable[[], Audio] | None = None,
    ) -> None:
        self.database = database
        self.presence = presence
        self.clock = clock
        self.touch = touch
        # Signed again whenever a case is read, since links expire and keys may change.
        self.audio: Callable[[], Audio | None] = sound or (lambda: None)
        self.kept: OrderedDict[str, Case] = OrderedDict()
        self.made: list[tuple[str, Verdict]] = []
        self.runs: list[Run] = []
        self._writer = RunWriter(database)
        self._writing = Lock()
        self._is_unsure = True

    def recover(self) -> None:
        """Check that this role may write, and finish the decision of a killed server."""
        with self.database.snapshot() as (connection, schema):
            self.clock.check(connection)
            target = make_target(schema, self.touch)
            check_writable(connection, schema, target.columns)
        if self._is_unsure:
            self._writer.recover(target)
            self._is_unsure = False

    def look(self, recording_id: str) -> Sight:
        """Return a recording as it is now."""
        with self.database.snapshot() as (connection, schema):
            return see(connection, schema, recording_id, self.clock, self.audio())

    def decide(self, asked: DecideRequest) -> Answer:
        """Write a decision, unless another one stands that the page does not know."""
        reading = Reading()
        read_decision(asked.decision, SourceLine(SOURCE), "", reading)
        if reading.problems:
            return self._refused(reading.problems[0])
        decision = next(iter(reading.entries)).decision
        with self._writing:
            if self._is_unsure:
                self.recover()
            prepared = self._prepare(reading)
            stands = prepared.sight.standing
            answer = overtaken(decision, asked.known, stands)
            if answer is None and stands is not None and stands.written:
                answer = self._undo(stands.run_id, decision.recording_id)
                prepared = self._prepare(reading)
            return answer or self._record(decision, prepared)

    def undo(self, asked: UndoRequest) -> Answer:
        """Undo a decision that the same person has made in the page."""
        with self._writing:
            stands = self.look(asked.recording_id).standing
            if stands is None or stands.run_id != asked.run:
                return self._as_it_is(Outcome.CHANGED, asked.recording_id)
            if not is_of(stands, asked.reviewer):
                return self._as_it_is(Outcome.TAKEN, asked.recording_id)
            refused = self._undo(asked.run, asked.recording_id)
        return refused or self._as_it_is(Outcome.UNDONE, asked.recording_id)

    def _prepare(self, reading: Reading) -> _Prepared:
        entry = next(iter(reading.entries))
        with self.database.snapshot() as (connection, schema):
            sight = see(connection, schema, entry.decision.recording_id, self.clock)
            checked = check(connection, schema, reading, self.clock)
            target = review_target(
                make_target(schema, self.touch),
                links=checked.counts[Verdict.LINK] > 0,
                moves=checked.moves,
            )
            links = "INSERT" if target.links else ""
            check_writable(connection, schema, target.columns, links=links)
        return _Prepared(sight, checked, schema, target)

    def _record(self, decision: Decision, prepared: _Prepared) -> Answer:
        checked, recording_id = prepared.checked, decision.recording_id
        if checked.problems:
            return self._refused(checked.problems[0])
        if not checked.ballots:
            return self._as_it_is(Outcome.SAVED, recording_id)
        with self._unsure():
            written = self._writer.record(prepared.schema, prepared.target, checked.ballots)
        run, skipped = written
        if skipped:
            moved = all(row.cause is SkipCause.OVERTAKEN for row in skipped)
            outcome = Outcome.CHANGED if moved else Outcome.REFUSED
            return self._as_it_is(outcome, recording_id, _reasons(skipped))
        self.runs.append(run)
        self.made.append((decision.reviewer, decision.verdict))
        if prepared.sight.case is not None:
            self._keep(prepared.sight.case)
        saved = StandingDecision(
            decision.verdict, decision.pet_id, decision.appointment_id, decision.reviewer,
            decision.note, run.id, mine=True,
        )  # fmt: skip
        self.presence.publish(recording_id, saved)
        return Answer(Outcome.SAVED, recording_id, saved)

    def _undo(self, run_id: int, recording_id: str) -> Answer | None:
        """Undo a run; returns why it was not undone."""
        with self.database.snapshot() as (connection, schema):
            target = make_target(schema)
            check_undo(connection, schema, read_run(connection, target.name, run_id))
        with self._unsure():
            run, skipped = self._writer.undo(schema, target, run_id)
        self.runs.append(run)
        if skipped:
            return self._as_it_is(Outcome.REFUSED, recording_id, _reasons(skipped))
        self.kept.pop(recording_id, None)
        self.presence.publish(recording_id, None)
        return None

    @contextmanager
    def _unsure(self) -> Iterator[None]:
        """Look for an unfinished run before the next decision, unless the block succeeds."""
        self._is_unsure = True
        yield
        self._is_unsure = False

    def _keep(self, case: Case) -> None:
        self.kept[case.recording_id] = case
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)

    def _refused(self, problem: LineProblem) -> Answer:
        outcome = _OUTCOMES[problem.trouble]
        if not problem.recording_id:
            return Answer(outcome, "", reason=str(problem))
        return self._as_it_is(outcome, problem.recording_id, str(problem))

    def _as_it_is(self, outcome: Outcome, recording_id: str, reason: str = "") -> Answer:
        sight = self.look(recording_id)
        stands = standing_of(sight.standing) if sight.standing else None
        gone = sight.case is None and stands is None
        return Answer(outcome, recording_id, stands, sight.case, reason, gone)


def _reasons(skipped: Sequence[MovedOn]) -> str:
    return "; ".join(row.reason for row in skipped)
