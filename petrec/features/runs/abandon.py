"""Leave an unfinished run for good; what it has done stays, and can be undone."""

from sqlalchemy import Engine

from petrec.features.runs.install import only_writer, require_journal
from petrec.features.runs.run import Run, State
from petrec.features.runs.states import move, read_run


def abandon_run(engine: Engine, target_name: str, run_id: int) -> Run:
    """Leave a run of any action; errors: RunNotFoundError, IllegalTransitionError, RunHeldError."""
    require_journal(engine, run_id)
    with only_writer(engine, target_name) as connection:
        move(connection, read_run(connection, target_name, run_id), State.ABANDONED)
        return read_run(connection, target_name, run_id)
