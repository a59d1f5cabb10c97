"""Runs: their states, the legal transitions between them, and their record in the database."""

import os
import socket
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from petrec import __version__
from petrec.errors import IllegalTransitionError, RunNotFoundError
from petrec.journal.lock import is_held
from petrec.journal.tables import runs
from petrec.results.runs import Run, Target

TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("running", "done"): "every planned row has been changed or skipped",
    ("running", "stopped"): "something prevents it from going on; it can be resumed",
    ("running", "running"): "its process died; another one takes over",
    ("stopped", "running"): "it is resumed",
    ("stopped", "abandoned"): "a new plan replaces the rest of its own",
    ("running", "abandoned"): "its process died, and a new plan replaces the rest of its own",
}


def create_run(
    connection: Connection, action: str, target: Target, undoes: int | None = None
) -> int:
    """Record a new run that this process is about to work on; returns its id."""
    values = {
        "action": action,
        "state": "running",
        "undoes": undoes,
        "target": msgspec.to_builtins(target),
    }
    query = insert(runs).values(values | _worker()).returning(runs.c.id)
    return int(connection.scalars(query).one())


def read_run(connection: Connection, run_id: int) -> Run:
    """Return one run; errors: RunNotFoundError."""
    row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise RunNotFoundError(f"there is no run {run_id}", hint="petrec backfill status")
    return _run(row, held=is_held(connection))


def list_runs(connection: Connection, limit: int = 20) -> tuple[Run, ...]:
    """Return the newest runs."""
    held = is_held(connection)
    query = select(runs).order_by(runs.c.id.desc()).limit(limit)
    return tuple(_run(row, held=held) for row in connection.execute(query))


def unfinished_run(connection: Connection, action: str, undoes: int | None = None) -> Run | None:
    """Return the newest run of this action that has not come to its end."""
    query = select(runs).where(runs.c.action == action, runs.c.state.in_(("running", "stopped")))
    query = query.where(runs.c.undoes.is_not_distinct_from(undoes))
    row = connection.execute(query.order_by(runs.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row, held=is_held(connection))


def move(connection: Connection, run: Run, state: str, failure: str | None = None) -> None:
    """Change a run's state; errors: IllegalTransitionError."""
    if (run.state, state) not in TRANSITIONS:
        raise IllegalTransitionError(f"run {run.id} is {run.state}: it cannot become {state}")
    finished = func.clock_timestamp() if state in {"done", "abandoned"} else None
    values = {"state": state, "failure": failure, "throttled_by": None, "finished_at": finished}
    worker = _worker() if state == "running" else {}
    record(connection, run.id, values | worker)


def record(connection: Connection, run_id: int, values: Mapping[str, Any]) -> None:
    """Write what has become of a run."""
    heartbeat = {"updated_at": func.clock_timestamp()}
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
    values["pass_"] = values.pop("pass")
    values["target"] = msgspec.convert(values["target"], Target)
    return Run(**values, held=held)
