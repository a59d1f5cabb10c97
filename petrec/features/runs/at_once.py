"""One edit as a run that is done at once, within a transaction of the caller's.

The run and what it wrote are committed together, so it is never unfinished: nothing resumes it, and
it needs no lock of the target. The row's own lock keeps other runs out.
"""

from sqlalchemy import Connection

from petrec.errors import PetrecError
from petrec.features.runs.batches.batch import write_rows
from petrec.features.runs.batches.work import Locked
from petrec.features.runs.batches.write import BatchWrite
from petrec.features.runs.edits import Edit, EditWork, record_edits
from petrec.features.runs.journal.store import change_state, update_run
from petrec.features.runs.lineage import read_skips
from petrec.features.runs.result import MovedOn
from petrec.features.runs.run import Action, RunState, Target
from petrec.postgres.triggers import trigger_functions
from petrec.schema import Schema


class NotWrittenError(PetrecError):
    """The row was not written as planned; the transaction is to be rolled back."""

    def __init__(self, left: MovedOn) -> None:
        super().__init__(left.reason)
        self.cause = left.cause


def write_at_once(
    connection: Connection, schema: Schema, action: Action, target: Target, edit: Edit
) -> int:
    """Write a row that the caller has locked; returns the run. Errors: NotWrittenError."""
    run = record_edits(connection, action, target, [edit])
    work = EditWork(schema)
    work.watched = bool(trigger_functions(connection, schema))
    written = write_rows(connection, run, work, BatchWrite(work, run), Locked([1]))
    if written.changed != 1:
        omitted = MovedOn(edit.key[0], "another session writes it")
        raise NotWrittenError(next(iter(read_skips(connection, run.id)), omitted))
    update_run(connection, run.id, {"changed": 1, "batches": 1, "batch_size": 1, "cursor": 1})
    change_state(connection, run, RunState.DONE)
    return run.id
