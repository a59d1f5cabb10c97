"""Who blocks is named; who may be ended is ended, everyone else is waited for."""

from collections.abc import Callable

import psycopg
import pytest

from tests.constraints.clean import clean
from tests.plugins.command import Completed
from tests.plugins.databases import Database

Run = Callable[..., Completed]
APPLY = ("constraints", "apply", "--yes", "--group", "required")


def test_an_idle_transaction_is_ended_within_the_default_lock_timeout(
    petrec: Run, clinic: Database
) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.execute("SELECT count(*) FROM recordings")
    pid = idle.info.backend_pid
    ended = petrec(*APPLY, "--cancel-blockers", "--deadline", "60", dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert lines.index(f"cancelling pid {pid}") < lines.index(f"terminating pid {pid}")
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")


def test_without_the_option_nobody_is_ended(petrec: Run, clinic: Database) -> None:
    idle = clean(clinic).connect(autocommit=False)
    idle.execute("SELECT count(*) FROM recordings")
    ended = petrec(*APPLY, "--deadline", "2", dsn=clinic.dsn)
    assert ended.code == 3
    assert f"waiting for pid {idle.info.backend_pid}" in ended.err
    assert idle.execute("SELECT 1").fetchone() == (1,)
