"""What an unfinished run means for the next backfill: it is resumed, abandoned, or in the way."""

from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.store import change_state, unfinished_run
from petrec.features.runs.resume import take_up
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.phrases import Joined, Phrase, Phrased


@dataclass(frozen=True)
class Continuation:
    """What becomes of an unfinished run: it is resumed or abandoned, or the backfill is refused."""

    resumes: int | None = None
    abandons: int | None = None
    refusal: UsageError | None = None
    at_work: str = ""

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Return why applying would fail now."""
        if self.at_work:
            return (self.at_work,)
        error = self.refusal
        return (Joined("; ", (error.reason, error.hint)),) if error else ()

    def require(self) -> None:
        """Refuse a backfill that would do something else than the unfinished run."""
        if self.refusal is not None:
            raise self.refusal


def foresee_unfinished(connection: Connection, target: Target, *, anew: bool) -> Continuation:
    """Return what a backfill of a target would do with an unfinished run; reads only."""
    readable = is_readable(connection)
    run = unfinished_run(connection, target.name, Action.BACKFILL) if readable else None
    if run is None:
        return Continuation()
    at_work = f"run {run.id} is being written by another process" if run.held else ""
    if anew:
        return Continuation(abandons=run.id, at_work=at_work)
    if refusal := _refusal(run, target):
        return Continuation(refusal=refusal, at_work=at_work)
    return Continuation(resumes=run.id, at_work=at_work)


def unfinished_note(resumes: int | None, abandons: int | None) -> str:
    """Return what a plan says about the unfinished run; empty if there is none."""
    if resumes:
        return f"run {resumes} is unfinished: it is resumed, and no new plan is made"
    return f"run {abandons} is unfinished: it is abandoned" if abandons else ""


def resume(connection: Connection, target: Target, *, anew: bool) -> Run | None:
    """Take over the unfinished run, or with `anew` abandon it; None if a plan is to be made.

    Errors: UsageError for a run with another plan; see `take_up`.
    """
    run = unfinished_run(connection, target.name, Action.BACKFILL)
    if run is None:
        return None
    if anew:
        change_state(connection, run, RunState.ABANDONED)
        return None
    if refusal := _refusal(run, target):
        raise refusal
    return take_up(connection, run, target)


def _refusal(run: Run, target: Target) -> UsageError | None:
    """Return why a run is not resumed by a backfill of this target."""
    if run.target.touch != target.touch:
        touch = ", ".join(run.target.touch) or "no column"
        return UsageError(
            Phrased(Phrase.TOUCH_DIFFERS, run=run.id, touch=touch),
            hint=Phrased(Phrase.SAME_TOUCH_OR_ANEW),
        )
    if run.target.only != target.only:
        only = " and ".join(run.target.only) or "all recordings"
        return UsageError(
            f"unfinished run {run.id} was planned for {only}",
            hint=Phrased(Phrase.SAME_SELECTION_OR_ANEW, run=run.id),
        )
    return None
