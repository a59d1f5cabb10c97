"""Killed after a statement, then run again: the rest is done, and nothing twice."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.constraints.clean import clean, digest
from tests.plugins.command import ROOT, Completed, environment
from tests.plugins.databases import Database
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes")
STATEMENTS = 23
IN_MAKE_TEST = {5, 8}
SWEEP = [
    pytest.param(at, marks=[] if at in IN_MAKE_TEST else [pytest.mark.full])
    for at in range(1, STATEMENTS)
]
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_whole: dict[str, tuple[str, list[str]]] = {}


def whole(petrec: Callable[..., Completed], clinic: Database) -> tuple[str, list[str]]:
    """Return the catalog's digest and the statements of an uninterrupted run, made once."""
    if not _whole:
        ended = petrec(*APPLY, "--format", "json", dsn=clean(clinic).dsn)
        assert ended.code == 0, ended.err
        _whole["run"] = digest(clinic), json.loads(ended.out)["executed"]
    return _whole["run"]


def kill_after(number: int, clinic: Database) -> list[str]:
    """Run until the number of statements is done; returns those statements."""
    command = [sys.executable, "-m", "tests.constraints.killed", str(number), *APPLY]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(PETREC_DATABASE_URL=clinic.dsn), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    # The server may still hold the dead process's lock for a moment.
    until(lambda: clinic.execute(OTHERS) == [(0,)])
    return ended.stdout.splitlines()


@pytest.mark.parametrize("after", SWEEP)
def test_killed_after_a_statement(
    petrec: Callable[..., Completed], database: Callable[..., Database], after: int
) -> None:
    catalog, statements = whole(petrec, database())
    assert len(statements) == STATEMENTS
    cut = clean(database())
    done = kill_after(after, cut)
    ended = petrec(*APPLY, "--format", "json", dsn=cut.dsn)
    assert ended.code == 0, ended.err
    assert digest(cut) == catalog
    # Each statement once, in both runs together: so no constraint is validated twice.
    assert done + json.loads(ended.out)["executed"] == statements
