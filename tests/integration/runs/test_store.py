"""The record of runs keeps targets, actions and undos apart."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, text

from petrec.errors import IllegalTransitionError, RunNotFoundError, SchemaMismatchError
from petrec.features.runs.journal.lock import held
from petrec.features.runs.journal.store import (
    change_state,
    create_run,
    list_runs,
    read_run,
    undos_of,
    unfinished_run,
)
from petrec.features.runs.run import Action, RunState
from tests.plugins.databases import Database
from tests.plugins.journals import journal
from tests.plugins.planned_runs import TARGET

OTHER = replace(TARGET, table="public.others", name='"public"."others"')


@pytest.fixture
def connection(empty_database: Database) -> Iterator[Connection]:
    """Open a journal with runs 1 and 3 of a target, 2 of another, and two undos of run 1."""
    with journal(empty_database, "", TARGET, OTHER, TARGET) as connection:
        assert create_run(connection, Action.UNDO, TARGET, undoes=1) == 4
        assert create_run(connection, Action.UNDO, TARGET, undoes=1) == 5
        yield connection


def ids(connection: Connection, name: str, limit: int = 20) -> list[int]:
    return [run.id for run in list_runs(connection, name, limit)]


def test_runs_of_a_target_are_listed_newest_first(connection: Connection) -> None:
    assert (ids(connection, TARGET.name), ids(connection, OTHER.name)) == ([5, 4, 3, 1], [2])
    assert ids(connection, TARGET.name, 2) == [5, 4]
    first = list_runs(connection, TARGET.name)[-1]
    assert (first.undone_by, first.undoes, first.target_name) == ((4, 5), None, TARGET.name)
    assert sorted(undos_of(connection, 1)) == [4, 5]
    assert undos_of(connection, 3) == []


def test_a_run_that_older_versions_recorded_has_its_targets_name(connection: Connection) -> None:
    connection.execute(text("UPDATE petrec.runs SET target = target - 'name' WHERE id = 3"))
    assert read_run(connection, TARGET.name, 3).target.table == TARGET.table
    assert ids(connection, TARGET.name) == [5, 4, 3, 1]


def test_a_run_is_read_as_one_of_its_target(connection: Connection) -> None:
    with pytest.raises(RunNotFoundError, match="no run 99"):
        read_run(connection, TARGET.name, 99)
    with pytest.raises(SchemaMismatchError, match=r'run 2 belongs to "public"\."others"'):
        read_run(connection, TARGET.name, 2)
    connection.commit()
    with held(connection, TARGET.name):
        assert read_run(connection, TARGET.name, 1).held
        assert all(run.held for run in list_runs(connection, TARGET.name))
        assert not read_run(connection, OTHER.name, 2).held
    assert not read_run(connection, TARGET.name, 1).held


def test_the_newest_unfinished_run_of_an_action_is_found(connection: Connection) -> None:
    def found(action: Action, undoes: int | None = None) -> int | None:
        run = unfinished_run(connection, TARGET.name, action, undoes)
        return None if run is None else run.id

    assert (found(Action.REVIEW), found(Action.UNDO, 1)) == (3, 5)
    assert (found(Action.BACKFILL), found(Action.UNDO), found(Action.UNDO, 3)) == (None,) * 3
    change_state(connection, read_run(connection, TARGET.name, 3), RunState.STOPPED, "why")
    assert found(Action.REVIEW) == 3
    change_state(connection, read_run(connection, TARGET.name, 5), RunState.DONE)
    assert found(Action.UNDO, 1) == 4


def test_a_state_is_recorded_with_its_time_and_its_process(connection: Connection) -> None:
    old = "UPDATE petrec.runs SET pid = 1, host = '', role = '', version = '', throttled_by = 'x'"
    connection.execute(text(old))
    change_state(connection, read_run(connection, TARGET.name, 1), RunState.STOPPED, "why")
    stopped = read_run(connection, TARGET.name, 1)
    assert (stopped.state, stopped.failure, stopped.finished_at) == ("stopped", "why", None)
    assert (stopped.pid, stopped.throttled_by) == (1, None)
    change_state(connection, stopped, RunState.RUNNING)
    running = read_run(connection, TARGET.name, 1)
    assert (running.state, running.failure) == ("running", None)
    assert running.pid > 1
    assert all((running.host, running.role, running.version))
    change_state(connection, running, RunState.DONE)
    done = read_run(connection, TARGET.name, 1)
    assert done.finished_at is not None
    assert done.finished_at >= done.started_at
    assert done.updated_at > done.started_at
    for action, hint in ((Action.REVIEW, "petrec runs undo 1"), (Action.UNDO, "")):
        with pytest.raises(IllegalTransitionError, match="cannot become running") as refused:
            change_state(connection, replace(done, action=action), RunState.RUNNING)
        assert refused.value.hint.endswith(hint)
        assert bool(refused.value.hint) is bool(hint)
    assert read_run(connection, TARGET.name, 3).throttled_by == "x"
