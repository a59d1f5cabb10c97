"""The record of runs in the database: create, read, and change of state."""

import os
import socket
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from petrec.errors import IllegalTransitionError, RunNotFoundError, SchemaMismatchError
from petrec.features.runs.journal.lock import is_held
from petrec.features.runs.journal.tables import runs
from petrec.features.runs.run import TRANSITIONS, UNFINISHED, Action, Run, RunState, Target
from petrec.features.runs.targets import name_in_journal
from petrec.version import __version__

_undo = runs.alias("undo")
_UNDONE_BY = (
    select(func.array_agg(aggregate_order_by(_undo.c.id, _undo.c.id)))
    .where(_undo.c.undoes == runs.c.id)
    .correlate(runs)
    .scalar_subquery()
)
_RUNS = select(runs, name_in_journal().label("target_name"), _UNDONE_BY.label("undone_by"))


def create_run(
    connection: Connection, action: Action, target: Target, undoes: int | None = None
) -> int:
    """Record a new run of this process; returns its id."""
    values = {
        "action": action,
        "state": RunState.RUNNING,
        "undoes": undoes,
        "target": msgspec.to_builtins(target),
    }
    query = insert(runs).values(values | _worker()).returning(runs.c.id)
    return int(connection.scalars(query).one())


def read_run(connection: Connection, target_name: str, run_id: int) -> Run:
    """Return a target's run; errors: RunNotFoundError, SchemaMismatchError for another target."""
    row = connection.execute(_RUNS.where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise RunNotFoundError(f"there is no run {run_id}", hint="petrec runs list")
    if row.target_name != target_name:
        raise SchemaMismatchError(
            f"run {run_id} belongs to {row.target_name}, the configuration names {target_name}",
            hint="use the configuration that the run was created with",
        )
    return _run(row, held=is_held(connection, target_name))


def list_runs(connection: Connection, target_name: str, limit: int = 20) -> tuple[Run, ...]:
    """Return the newest runs of a target."""
    held = is_held(connection, target_name)
    query = _RUNS.where(name_in_journal() == target_name)
    query = query.order_by(runs.c.id.desc()).limit(limit)
    return tuple(_run(row, held=held) for row in connection.execute(query))


def undos_of(connection: Connection, run_id: int) -> list[int]:
    """Return the ids of the runs that have undone changes of a run."""
    return list(connection.scalars(select(runs.c.id).where(runs.c.undoes == run_id)))


def runs_of(target_name: str) -> Select[tuple[int]]:
    """Select the ids of a target's runs."""
    return select(runs.c.id).where(name_in_journal() == target_name)


def unfinished_run(
    connection: Connection, target_name: str, action: Action, undoes: int | None = None
) -> Run | None:
    """Return the newest unfinished run of this target and action."""
    query = _RUNS.where(name_in_journal() == target_name, runs.c.action == action)
    query = query.where(runs.c.state.in_(UNFINISHED))
    query = query.where(runs.c.undoes.is_not_distinct_from(undoes))
    row = connection.execute(query.order_by(runs.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row, held=is_held(connection, target_name))


def change_state(
    connection: Connection, run: Run, state: RunState, failure: str | None = None
) -> None:
    """Change a run's state; errors: IllegalTransitionError."""
    check_transition(run, state)
    finished = func.statement_timestamp() if state not in UNFINISHED else None
    values = {"state": state, "failure": failure, "throttled_by": None, "finished_at": finished}
    worker = _worker() if state is RunState.RUNNING else {}
    update_run(connection, run.id, values | worker)


def check_transition(run: Run, state: RunState) -> None:
    """Check that a run may come to a state; errors: IllegalTransitionError."""
    if (run.state, state) not in TRANSITIONS:
        taken_back = f"to undo what it wrote: petrec runs undo {run.id}"
        raise IllegalTransitionError(
            f"run {run.id} is {run.state}: it cannot become {state}",
            hint="" if run.action is Action.UNDO else taken_back,
        )


def update_run(connection: Connection, run_id: int, values: Mapping[str, Any]) -> None:
    """Update the record of a run."""
    heartbeat = {"updated_at": func.statement_timestamp()}
    connection.execute(update(runs).where(runs.c.id == run_id).values(dict(values) | heartbeat))


def _worker() -> dict[str, Any]:
    return {
        "role": func.current_user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "version": __version__,
    }


def _run(row: Row[Any], *, held: bool) -> Run:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["undone_by"] = tuple(values["undone_by"] or ())
    values["pass_number"] = values.pop("pass")
    values["action"], values["state"] = Action(values["action"]), RunState(values["state"])
    values["target"] = msgspec.convert(values["target"], Target)
    return Run(**values, held=held)
