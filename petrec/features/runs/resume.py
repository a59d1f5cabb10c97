"""Leave an unfinished run for good; what it has done stays, and can be undone."""

from sqlalchemy import Engine

from petrec.features.runs.journal.install import only_writer
from petrec.features.runs.journal.presence import require_journal
from petrec.features.runs.journal.store import change_state, read_run
from petrec.features.runs.run import Run, RunState


def abandon_run(engine: Engine, target_name: str, run_id: int) -> Run:
    """Leave a run of any action; errors: RunNotFoundError, IllegalTransitionError, RunHeldError."""
    require_journal(engine, run_id)
    with only_writer(engine, target_name) as connection:
        change_state(connection, read_run(connection, target_name, run_id), RunState.ABANDONED)
        return read_run(connection, target_name, run_id)
