"""Rows that others hold are put off, a second command is turned away, waiters are not starved."""

from pathlib import Path
from typing import Any

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.runs import APPLY, assert_sound, changed, state
from tests.plugins.waiting import until

WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE NOT granted AND datname = current_database()"""
INFERABLE = """SELECT r.id, r.appointment_id
               FROM recordings r JOIN appointment_pets ap USING (appointment_id)
               WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) = 1 ORDER BY r.id LIMIT 1"""


def test_locked_recording_is_done_last(spawn: Spawn, clinic: Database) -> None:
    recording, _ = clinic.execute(INFERABLE)[0]
    with clinic.connect(autocommit=False) as other:
        other.execute("SELECT FROM recordings WHERE id = %s FOR UPDATE", (recording,))
        process = spawn(*APPLY, dsn=clinic.dsn)
        until(lambda: changed(clinic) == 394)
        assert process.poll() is None
        other.rollback()
    assert process.wait(60) == 0
    assert_sound(clinic)
    assert changed(clinic) == 395


def test_appointment_that_gains_a_pet_makes_the_row_ambiguous(
    spawn: Spawn, clinic: Database
) -> None:
    recording, appointment = clinic.execute(INFERABLE)[0]
    with clinic.connect(autocommit=False) as other:
        other.execute(
            "INSERT INTO appointment_pets SELECT %s, id FROM pets WHERE id NOT IN"
            " (SELECT pet_id FROM appointment_pets WHERE appointment_id = %s) LIMIT 1",
            (appointment, appointment),
        )
        process = spawn(*APPLY, "--export", "left.csv", dsn=clinic.dsn)
        until(lambda: changed(clinic) > 390)
        other.commit()
    assert process.wait(60) == 0
    assert clinic.execute("SELECT pet_id FROM recordings WHERE id = %s", (recording,)) == [(None,)]
    skipped = clinic.execute("SELECT DISTINCT reason FROM petrec.skips")
    assert skipped == [("missing_ambiguous",)]


def test_a_row_that_stays_locked_ends_the_run_and_not_the_others(
    petrec: Petrec, clinic: Database
) -> None:
    recording, _ = clinic.execute(INFERABLE)[0]
    with clinic.connect(autocommit=False) as other:
        other.execute("SELECT FROM recordings WHERE id = %s FOR UPDATE", (recording,))
        ended = petrec(*APPLY, "--deadline", "0.5", dsn=clinic.dsn)
        assert ended.code == 3
        assert "1 row stayed locked" in ended.err
    assert state(clinic)[0] == "stopped"
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert changed(clinic) == 395


def spawn_paused(spawn: Spawn, clinic: Database, pause: Path) -> Any:
    """Start a run that waits, with everything planned, until the file is gone."""
    pause.touch()
    process = spawn(*APPLY, "--pause-file", str(pause), dsn=clinic.dsn)
    until(lambda: state(clinic)[1] is not None)
    return process


def test_table_lock_is_waited_for(spawn: Spawn, clinic: Database, tmp_path: Path) -> None:
    pause = tmp_path / "pause"
    process = spawn_paused(spawn, clinic, pause)
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
        pause.unlink()
        until(lambda: clinic.execute(WAITING) != [(0,)])
    assert process.wait(90) == 0
    assert_sound(clinic)


def test_second_command_is_told_who_works(
    spawn: Spawn, petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    pause = tmp_path / "pause"
    process = spawn_paused(spawn, clinic, pause)
    ended = petrec(*APPLY, dsn=clinic.dsn)
    assert ended.code == 3
    for word in ("backend pid", f":{process.pid} ", "since"):
        assert word in ended.err
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 3
    shown = petrec("runs", "list", "--format", "jsonl", dsn=clinic.dsn).out
    assert '"state":"running"' in shown
    pause.unlink()
    assert process.wait(90) == 0
    assert_sound(clinic)


def test_a_row_whose_trigger_waits_does_not_hold_up_the_others(
    petrec: Petrec, clinic: Database
) -> None:
    recording, _ = clinic.execute(INFERABLE)[0]
    clinic.execute(f"""CREATE TABLE guard (id int);
        CREATE FUNCTION guarded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          LOCK TABLE public.guard IN EXCLUSIVE MODE; RETURN NEW; END $$;
        CREATE TRIGGER guarded BEFORE UPDATE ON recordings FOR EACH ROW
          WHEN (NEW.id = '{recording}') EXECUTE FUNCTION guarded()""")
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE guard IN SHARE MODE")
        ended = petrec(*APPLY, "--deadline", "8", dsn=clinic.dsn)
        assert ended.code == 3
        assert f"pid {other.info.backend_pid}" in ended.err
        assert changed(clinic) == 394
        other.rollback()
    assert petrec(*APPLY, dsn=clinic.dsn).code == 0
    assert_sound(clinic)
