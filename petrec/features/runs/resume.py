"""Resume an unfinished run, or abandon it; what it has written stays, and can be undone."""

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, Table

from petrec.features.runs.journal.install import only_writer
from petrec.features.runs.journal.keys import follow_moves
from petrec.features.runs.journal.store import change_state, read_run
from petrec.features.runs.journal.tables import changes, decisions, edits, plan_items
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.features.runs.targets import check_target

# Undos work through the changes of the run that they undo.
ITEMS: Mapping[Action, Table] = {
    Action.BACKFILL: plan_items,
    Action.REVIEW: decisions,
    Action.UNDO: changes,
    Action.SWEEP: edits,
    Action.CORRECTION: edits,
}


def take_up(connection: Connection, run: Run, target: Target) -> Run:
    """Take over an unfinished run.

    Errors: SchemaMismatchError for a run of another table, IllegalTransitionError.
    """
    check_target(run, target)
    change_state(connection, run, RunState.RUNNING)
    source = run if run.undoes is None else read_run(connection, target.name, run.undoes)
    follow_moves(connection, ITEMS[run.action], source)
    return read_run(connection, target.name, run.id)


def plan_resume(connection: Connection, run_id: int, target: Target) -> Run:
    """Take over an unfinished run of any action by its number; errors: see `take_up`."""
    return take_up(connection, read_run(connection, target.name, run_id), target)


def abandon_run(engine: Engine, target_name: str, run_id: int) -> Run:
    """Abandon a run; errors: RunNotFoundError, IllegalTransitionError, RunHeldError."""
    with only_writer(engine, target_name) as connection:
        change_state(connection, read_run(connection, target_name, run_id), RunState.ABANDONED)
        return read_run(connection, target_name, run_id)
