"""Every unfinished run can be left: undone, abandoned or planned anew, and is not resumed then."""

import itertools
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from petrec.errors import IllegalTransitionError
from petrec.features.runs.journal.store import change_state, create_run, read_run
from petrec.features.runs.run import TRANSITIONS, Action, RunState, Target
from petrec.operations.backfill import apply_backfill
from petrec.operations.connect import connect
from petrec.operations.review_import import Decisions, import_review
from petrec.operations.runs import undo
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import Settings
from tests.plugins.case_files import decide_some
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.exports import Exported
from tests.plugins.forks import Completed
from tests.plugins.runs import APPLY, changed, interrupted, state
from tests.plugins.waiting import until

NAME = '"public"."recordings"'
LACKING = "SELECT count(*) FROM recordings WHERE pet_id IS NULL"
LOG = """
CREATE TABLE levels (level text);
CREATE FUNCTION note_level() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.levels VALUES (current_setting('transaction_isolation')); RETURN NULL;
END $$;
CREATE TRIGGER note_level AFTER UPDATE ON recordings EXECUTE FUNCTION note_level();
"""


def told(ended: Completed) -> dict[str, Any]:
    assert ended.out, ended.err
    return dict(json.loads(ended.out))


def test_an_undone_run_is_planned_anew(clinic: Database, petrec: Petrec) -> None:
    untouched = clinic.checksum()
    interrupted(partial(apply_backfill, connect(clinic.dsn)))
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.checksum() == untouched
    assert clinic.execute("SELECT state FROM petrec.runs WHERE id = 1") == [("abandoned",)]
    (lacking,) = clinic.execute(LACKING)[0]
    again = told(petrec(*APPLY, "--format", "json", dsn=clinic.dsn))["run"]
    assert (again["id"], again["changed"], again["before"]) == (3, 395, 0)
    assert clinic.execute(LACKING) == [(lacking - 395,)]


def test_a_resumed_run_tells_what_it_did_now(clinic: Database, petrec: Petrec) -> None:
    interrupted(partial(apply_backfill, connect(clinic.dsn)))
    done = changed(clinic)
    ended = petrec("backfill", "--apply", "--yes", dsn=clinic.dsn)
    assert f"run 1 done: {395 - done} recordings have their pet now now, 395 in all" in ended.out


def test_every_kind_of_run_can_be_abandoned(
    clinic: Database, petrec: Petrec, exported: Exported
) -> None:
    session = connect(clinic.dsn)

    def abandon(run: str) -> Completed:
        return petrec("runs", "abandon", run, "--yes", dsn=clinic.dsn)

    interrupted(partial(apply_backfill, session))
    done = changed(clinic)
    assert abandon("1").code == 0
    assert abandon("1").code == 2
    rest = told(petrec(*APPLY, "--format", "json", dsn=clinic.dsn))["run"]
    assert (rest["id"], rest["changed"]) == (2, 395 - done)

    cases = decide_some(exported("cases.csv"))
    review = ("review", "import", str(cases), "--apply", "--yes", "--partial", "-q")
    interrupted(partial(import_review, session, Decisions([cases], partial=True)))
    assert abandon("3").code == 0
    assert state(clinic)[0] == "abandoned"
    interrupted(partial(import_review, session, Decisions([cases], partial=True)))
    anew = petrec(*review, "--anew", dsn=clinic.dsn)
    assert anew.code in {0, 1}, anew.err
    states = "SELECT state FROM petrec.runs WHERE action = 'review' ORDER BY id"
    assert clinic.execute(states) == [("abandoned",), ("abandoned",), ("done",)]

    interrupted(partial(undo, session, 2))
    assert abandon("6").code == 0
    assert petrec("runs", "undo", "2", "--yes", "-q", dsn=clinic.dsn).code in {0, 1}
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code in {0, 1}


def test_only_the_listed_transitions_are_made(clinic: Database) -> None:
    engine = make_engine(resolve_dsn(clinic.dsn, None), Settings(), "test")
    target = Target("public.recordings", ("id",), "pet_id", name=NAME)
    for before, after in itertools.product(RunState, RunState):
        with engine.begin() as connection:
            run_id = create_run(connection, Action.BACKFILL, target)
            values = {"state": before, "id": run_id}
            connection.execute(text("UPDATE petrec.runs SET state = :state WHERE id = :id"), values)
            run = read_run(connection, NAME, run_id)
            if (before, after) in TRANSITIONS:
                change_state(connection, run, after)
                assert read_run(connection, NAME, run_id).state == after
            else:
                with pytest.raises(IllegalTransitionError) as refused:
                    change_state(connection, run, after)
                assert refused.value.hint.endswith(f"petrec runs undo {run_id}")
                with pytest.raises(IllegalTransitionError) as refused:
                    change_state(connection, replace(run, action=Action.UNDO), after)
                assert refused.value.hint == ""
    ended = {RunState.DONE, RunState.ABANDONED}
    assert not any(before in ended for before, _ in TRANSITIONS)
    assert {after for before, after in TRANSITIONS if before == RunState.STOPPED} == {
        RunState.RUNNING, RunState.ABANDONED,
    }  # fmt: skip


@pytest.mark.few(1)
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_the_default_isolation_does_not_matter(
    clinic: Database, petrec: Petrec, exported: Exported, level: str
) -> None:
    clinic.execute(LOG)
    clinic.execute(f"ALTER DATABASE {clinic.name} SET default_transaction_isolation = '{level}'")
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    cases = decide_some(exported("cases.csv"))
    review = ("review", "import", str(cases), "--apply", "--yes", "--partial")
    assert petrec(*review, dsn=clinic.dsn).code in {0, 1}
    for run in ("2", "1"):
        assert petrec("runs", "undo", run, "--yes", dsn=clinic.dsn).code in {0, 1}
    assert clinic.execute("SELECT DISTINCT level FROM levels") == [("read committed",)]


def test_a_list_that_cannot_be_written_is_found_before_the_first_write(
    clinic: Database, petrec: Petrec, tmp_path: Path
) -> None:
    (tmp_path / "reports").touch()
    ended = petrec("backfill", "--apply", "--yes", dsn=clinic.dsn)
    assert ended.code == 3
    assert "cannot write reports" in ended.err
    assert changed(clinic) == 0


def test_a_list_that_fails_afterwards_hides_no_outcome(
    clinic: Database, petrec: Petrec, spawn: Spawn, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    process = spawn("backfill", "--apply", "--yes", "--pause-file", str(pause), dsn=clinic.dsn)
    until(lambda: state(clinic)[1])
    (tmp_path / "reports").touch()
    pause.unlink()
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "run 1 done: 395 recordings have their pet now" in out
    assert "could not export the ambiguous rows: cannot write reports" in out
