"""What a run says of a statement that is held up, at a terminal and away from one."""

import re
import sys
from pathlib import Path
from typing import Any

import pexpect
import psycopg

from petrec.cli.constraints.progress import words
from petrec.features.constraints.apply import Doing
from petrec.features.constraints.names import Name
from petrec.features.constraints.state import Step
from petrec.features.constraints.statements.constraint import Validate
from petrec.postgres.ddl.progress import Progress
from tests.plugins.clean import clean, owned
from tests.plugins.command import Petrec, Spawn, environment
from tests.plugins.databases import Database
from tests.plugins.forks import Process
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes", "--group", "indexes")
VALIDATES = ("constraints", "apply", "--yes", "--group", "required")
WATCHER = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'petrec constraints%%'
  AND query LIKE '%%pg_stat_progress_create_index WHERE pid%%' AND pid <> pg_backend_pid()
"""


def holding(clinic: Database, sql: str) -> psycopg.Connection[Any]:
    """Return a transaction with a snapshot, which a build waits for."""
    held = clean(clinic).connect(autocommit=False)
    held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    held.execute(sql)
    return held


def line_with(process: Process, pattern: str) -> str:
    lines = iter(process.stderr.readline, "")
    return next(line for line in lines if re.search(pattern, line))


def test_phases_are_logged_for_the_owner(spawn: Spawn, clinic: Database) -> None:
    """A role that sees its own sessions alone, away from a terminal."""
    owner = owned(clinic)
    held = holding(clinic, "UPDATE recordings SET status = status")
    pid = held.info.backend_pid
    process = spawn(*APPLY, "-v", dsn=owner)
    wanted = f"petrec: step 1 of 4, .* waiting for writers before build, 0 of 1 .* pid {pid} "
    assert "idx_recordings_pet_id" in line_with(process, wanted)
    held.rollback()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "step 4 of 4, idx_recordings_pet_status: starting" in err


def test_a_held_up_build_at_a_terminal(clinic: Database, tmp_path: Path) -> None:
    held = holding(clinic, "SELECT 1")
    env = environment(PETREC_DATABASE_URL=clinic.dsn, TERM="xterm", COLUMNS="80")
    child = pexpect.spawn(
        sys.executable, ["-m", "petrec", *APPLY], cwd=tmp_path, env=env, encoding="utf-8",
        timeout=60, dimensions=(40, 80),
    )  # fmt: skip
    child.expect("1/4 idx_recordings_pet_id: ")
    # The line is folded, but whole.
    child.expect(r"0 of\s.*waiting for pid\s+" + str(held.info.backend_pid))
    held.rollback()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_held_up_validation_names_the_holder(spawn: Spawn, clinic: Database) -> None:
    """The key is there already, so that the first statement is its validation."""
    clean(clinic).execute("""ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id
        FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE NOT VALID""")
    clinic.execute("ALTER TABLE recordings ALTER pet_id SET NOT NULL")
    held = clinic.connect(autocommit=False)
    held.execute("LOCK TABLE recordings IN SHARE UPDATE EXCLUSIVE MODE")
    process = spawn(*VALIDATES, "-v", dsn=clinic.dsn)
    line_with(process, f"petrec: .*waiting for a lock, waiting for pid {held.info.backend_pid} ")
    held.rollback()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def test_without_the_watching_connection_the_build_goes_on(spawn: Spawn, clinic: Database) -> None:
    held = holding(clinic, "SELECT 1")
    process = spawn(*APPLY, dsn=clinic.dsn)
    assert until(lambda: clinic.execute(WATCHER)) == [(True,)]
    line_with(process, "cannot see the blocking sessions")
    held.rollback()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def test_nothing_is_logged_unasked(petrec: Petrec, clinic: Database) -> None:
    clean(clinic)
    said = petrec(*APPLY, dsn=clinic.dsn).err.splitlines()
    assert len(said) == 4, "more than the statements"


def test_progress_is_said_in_the_servers_words() -> None:
    def said(now: Progress) -> str:
        validate = Validate(table=Name("public", "recordings"), name=Name("fk"))
        return words(Doing(Step("fk", validate, bytes=3 << 30), 2, 5, now))

    assert said(Progress("running")) == "running, 3.0 GB to read"
    scan = Progress("building index: scanning table", 1000, 4000, "blocks")
    assert said(scan) == "building index: scanning table, 1,000 of 4,000 blocks"
