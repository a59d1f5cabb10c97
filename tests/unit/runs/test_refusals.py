"""What an error of the server means for a run, by its SQLSTATE and by who reports it."""

from typing import cast

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.pq import DiagnosticField
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from petrec.errors import RunStoppedError
from petrec.features.runs.batches.refused import RowRefusal, _by_class, _trigger
from petrec.features.runs.batches.size import Streak
from petrec.features.runs.batches.split import Write
from petrec.features.runs.batches.work import RunWork
from petrec.features.runs.driver import refusals
from petrec.features.runs.driver.refusals import Refusals
from petrec.features.runs.driver.stop import ALL_REFUSED, stopped
from petrec.features.runs.errors import (
    cause_of,
    constraint_of,
    driver_error,
    is_lost,
    is_refusal,
    is_transient,
    may_pass,
)
from petrec.features.runs.run import Run
from petrec.postgres.triggers import TriggerFunction
from tests.plugins.planned_runs import make_run

Info = dict[int, bytes | None]
RAISED: Info = {DiagnosticField.SOURCE_FILE: b"pl_exec.c"}
CALLED: Info = {DiagnosticField.CONTEXT: b"PL/pgSQL function check_pet() line 3 at SQL statement"}


def error_of(kind: type[psycopg.Error], info: Info | None = None) -> DBAPIError:
    """Return an error as SQLAlchemy passes it on, with what the server told of it."""
    return DBAPIError("UPDATE", {}, kind("secret", info=info or {}))


@pytest.mark.parametrize(
    ("kind", "info", "refused"),
    [
        (pg.UniqueViolation, {}, True),
        (pg.StringDataRightTruncation, {}, True),
        (pg.RaiseException, RAISED, True),
        (pg.InsufficientPrivilege, {}, True),
        (pg.ProgramLimitExceeded, {}, True),
        (pg.UndefinedTable, {}, False),
        (pg.UndefinedTable, CALLED, True),
        (pg.DiskFull, CALLED, False),
        (pg.LockNotAvailable, {}, False),
        (pg.LockNotAvailable, CALLED, False),
        (pg.SerializationFailure, RAISED, True),
        (pg.AdminShutdown, {}, False),
        (pg.DiskFull, RAISED, True),
        (psycopg.OperationalError, CALLED, False),
    ],
)
def test_a_row_is_refused_by_what_concerns_rows_or_is_raised(
    kind: type[psycopg.Error], info: Info, refused: bool
) -> None:
    assert is_refusal(error_of(kind, info)) is refused


def test_a_raised_error_may_pass_where_its_state_says_retry() -> None:
    assert may_pass(error_of(pg.SerializationFailure, RAISED))
    assert not may_pass(error_of(pg.SerializationFailure))
    assert not may_pass(error_of(pg.RaiseException, RAISED))
    assert is_transient(error_of(pg.DeadlockDetected))
    assert not is_transient(error_of(pg.UniqueViolation))


def test_errors_that_are_not_the_servers_are_no_refusal() -> None:
    foreign = DBAPIError("UPDATE", {}, ValueError("secret"))
    assert driver_error(foreign) is None
    assert not is_refusal(foreign)
    assert not may_pass(foreign)
    assert not is_lost(foreign)
    assert not is_transient(foreign)
    assert cause_of(foreign) == "DBAPIError"
    assert driver_error(pg.DiskFull()) is not None


def test_a_cause_names_objects_and_no_content() -> None:
    key: Info = {
        DiagnosticField.CONSTRAINT_NAME: b"one_pet",
        DiagnosticField.TABLE_NAME: b"recordings",
    }
    assert cause_of(error_of(pg.UniqueViolation, key)) == (
        'constraint "one_pet" of recordings (SQLSTATE 23505)'
    )
    assert cause_of(error_of(pg.DiskFull)) == "DiskFull (SQLSTATE 53100)"
    assert cause_of(error_of(psycopg.OperationalError)) == "the connection failed"


@pytest.mark.parametrize(
    ("info", "named"),
    [
        ({}, None),
        ({DiagnosticField.CONSTRAINT_NAME: b"c"}, 'constraint "c"'),
        (
            {DiagnosticField.CONSTRAINT_NAME: b"c", DiagnosticField.DATATYPE_NAME: b"code"},
            'constraint "c" of domain code',
        ),
        (
            {DiagnosticField.COLUMN_NAME: b"pet_id", DiagnosticField.TABLE_NAME: b"recordings"},
            'NOT NULL on column "pet_id" of recordings',
        ),
        ({DiagnosticField.CONSTRAINT_NAME: b"free text", **RAISED}, None),
    ],
)
def test_a_constraint_is_named_as_the_server_names_it(info: Info, named: str | None) -> None:
    found = driver_error(error_of(pg.IntegrityError, info))
    assert found is not None
    assert constraint_of(found) == named


def test_integrity_hits_single_rows_and_the_rest_may_hit_all() -> None:
    assert str(RowRefusal("23505", "it")) == "refused by it (SQLSTATE 23505)"
    assert not RowRefusal("23505", "it").may_hit_all
    assert not RowRefusal("22001", "it").may_hit_all
    assert RowRefusal("P0001", "it").may_hit_all


def test_a_streak_is_of_one_object_and_unbroken() -> None:
    trigger, other = RowRefusal("P0001", "a"), RowRefusal("P0001", "b")
    streak = Streak(bound=2)
    assert not streak.add(1, trigger)
    assert not streak.add(2, other)
    assert streak.add(3, other)
    assert streak.numbers == [2, 3]
    streak.go_on()
    assert not streak.add(4, other)
    assert streak.add(5, other)
    streak.end()
    assert (streak.refusal, streak.numbers, streak.bound) == (None, [], 4)
    assert not Streak(bound=1).add(1, RowRefusal("23505", "c"))


def test_a_stop_gives_the_servers_hint_first() -> None:
    run = make_run()
    assert str(stopped(run, "why")) == "run 7 stopped: why"
    assert stopped(run, "why", ALL_REFUSED).hint == ALL_REFUSED
    hint: Info = {DiagnosticField.MESSAGE_HINT: b"Free some space."}
    told = stopped(run, "why", ALL_REFUSED, error_of(pg.DiskFull, hint))
    assert told.hint == f"Free some space; {ALL_REFUSED}"
    assert stopped(run, "why", ALL_REFUSED, error_of(pg.DiskFull)).hint == ALL_REFUSED


@pytest.mark.parametrize(
    ("kind", "function", "by"),
    [
        (pg.InsufficientPrivilege, b"ExecWithCheckOptions", "a row-level security policy"),
        (pg.InsufficientPrivilege, b"aclcheck_error", "a missing privilege"),
        (pg.CheckViolation, b"ExecFindPartition", "the partitioned table"),
        (pg.StringDataRightTruncation, b"", "a value"),
        (pg.ProgramLimitExceeded, b"", "a limit of the server"),
        (pg.RaiseException, b"", "a trigger or function"),
    ],
)
def test_what_names_no_object_is_told_by_its_class(
    kind: type[psycopg.Error], function: bytes, by: str
) -> None:
    error = kind("secret", info={DiagnosticField.SOURCE_FUNCTION: function})
    assert _by_class(error).startswith(by)


TRIGGERS = [TriggerFunction(f"t_{name}", "recordings", name) for name in ("a", "b")]


@pytest.mark.parametrize(
    ("context", "named"),
    [
        (b"PL/pgSQL function a() line 1 at RAISE\nPL/pgSQL function b() line 2 at PERFORM", "b"),
        (b"PL/pgSQL function vet.a() line 1 at RAISE", "a"),
        (b"PL/pgSQL function a() line 1 at RAISE\nPL/pgSQL function c() line 2 at PERFORM", "a"),
        (b"PL/pgSQL function ba() line 1 at RAISE", None),
        (b"", None),
    ],
)
def test_the_trigger_of_the_outermost_function_is_named(context: bytes, named: str | None) -> None:
    error = pg.RaiseException("secret", info={DiagnosticField.CONTEXT: context})
    by = f'trigger "t_{named}" on recordings (function {named})'
    assert _trigger(error, TRIGGERS) == (by if named else None)


class NoRows:
    """A connection on which nothing is asked."""

    def rollback(self) -> None:
        """Have nothing to take back."""


@pytest.mark.parametrize(
    ("ahead", "accepted", "stops"),
    [([7, 8, 9], {8}, False), ([7, 8, 9], {7}, False), ([], set(), False), ([7, 8], set(), True)],
)
def test_a_run_stops_only_where_all_rows_that_it_looks_at_are_refused(
    monkeypatch: pytest.MonkeyPatch, ahead: list[int], accepted: set[int], stops: bool
) -> None:
    monkeypatch.setattr(refusals, "spread", lambda *_: ahead)
    monkeypatch.setattr(refusals, "is_refused", lambda *asked: asked[-1] not in accepted)
    monkeypatch.setattr(refusals, "replan_skips", lambda *asked: asked[1])
    found, run = Refusals(cast(RunWork, None), lambda _: None), make_run()
    bound, refusal = found.streak.bound, RowRefusal("P0001", "a trigger")

    def look() -> Run:
        connection, query = cast(Connection, NoRows()), cast(Write, None)
        return found._look_ahead(connection, run, query, refusal, error_of(pg.RaiseException))

    if stops:
        with pytest.raises(RunStoppedError, match="run 7 stopped: every row is refused by a trig"):
            look()
    else:
        assert look() is run
    assert found.streak.bound == (bound if stops else 2 * bound)
