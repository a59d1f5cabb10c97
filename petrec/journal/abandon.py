"""Leave an unfinished run for good; what it has done stays, and can be undone."""

from sqlalchemy import Engine

from petrec.journal.install import only_writer, require_journal
from petrec.journal.runs import move, read_run
from petrec.results.runs import Run, State


def abandon_run(engine: Engine, target_name: str, run_id: int) -> Run:
    """Leave a run of any action; errors: RunNotFoundError, IllegalTransitionError, RunHeldError."""
    require_journal(engine, run_id)
    with only_writer(engine, target_name) as connection:
        move(connection, read_run(connection, target_name, run_id), State.ABANDONED)
        return read_run(connection, target_name, run_id)
