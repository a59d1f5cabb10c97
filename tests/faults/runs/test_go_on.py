"""A run that ends early names the command that goes on, with the options it was given."""

import shlex
import signal
from collections.abc import Callable

import pytest

from tests.plugins.case_files import decide_some
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.exports import Exported
from tests.plugins.runs import changed, state
from tests.plugins.waiting import until

SLOW = ("--target-ms", "40", "--max-rows-per-second", "20")


def command_in(said: str) -> list[str]:
    """Return the words of the command that an error names."""
    (line,) = [line for line in said.splitlines() if "to resume: petrec " in line]
    return shlex.split(line.partition("to resume: petrec ")[2].partition(";")[0])


def has_changed(clinic: Database, run: int) -> bool:
    """Return whether a run is at work and has changed something."""
    query = "SELECT count(*) FROM petrec.changes WHERE run_id = %s"
    return state(clinic)[0] == "running" and clinic.execute(query, (run,)) > [(1,)]


@pytest.mark.few(1)
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_backfill_names_the_command(
    clinic: Database, spawn: Spawn, petrec: Petrec, signal_number: int
) -> None:
    given = ("--touch", "updated_at", "--yes", *SLOW, "--format", "json", "-q", "-v")
    process = spawn("backfill", "--apply", *given, "--dsn", clinic.dsn, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 2)
    process.send_signal(signal_number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "petrec: interrupted\n" in said
    words = command_in(said)
    assert words[:3] == ["runs", "resume", "1"]
    assert words[words.index("--dsn") + 1] == clinic.dsn
    assert words[words.index("--max-rows-per-second") + 1] == "20.0"
    assert {"--yes", "--quiet", "--verbose", "json"} <= set(words)
    assert "--touch" not in words
    assert state(clinic)[0] == "stopped"
    words[words.index("20.0")] = "10000"
    ended = petrec(*words)
    assert (ended.code, state(clinic)[0]) == (0, "done"), ended.err


def test_review_imports_and_undos_name_it_too(
    clinic: Database, spawn: Spawn, petrec: Petrec, exported: Exported
) -> None:
    cases = decide_some(exported("cases.csv"))
    imported = ("review", "import", str(cases), "--apply", "--yes", "--partial", *SLOW)
    for number, command in ((1, imported), (2, ("runs", "undo", "1", "--yes", *SLOW))):
        process = spawn(*command, dsn=clinic.dsn)
        until(has_changed, clinic, number)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, command_in(said)[:3]) == (130, ["runs", "resume", str(number)])
        fast = [*command_in(said), "--max-rows-per-second", "10000"]
        assert petrec(*fast, dsn=clinic.dsn).code in {0, 1}
        assert state(clinic)[0] == "done"


def test_a_lost_server_and_a_deadline_name_it(
    spawn: Spawn, private_cluster: Callable[[], Cluster], database: MakeDatabase
) -> None:
    server = private_cluster()
    clinic = database("clinic", server)
    apply = ("backfill", "--apply", "--yes", *SLOW, "--deadline", "1")
    process = spawn(*apply, dsn=clinic.dsn)
    until(lambda: changed(clinic) > 2)
    server.stop("immediate")
    _, said = process.communicate(timeout=90)
    assert (process.returncode, command_in(said)[:3]) == (3, ["runs", "resume", "1"])
    server.start_again()
    blocking = clinic.connect(autocommit=False)
    blocking.execute("LOCK TABLE recordings IN SHARE MODE")
    # A statement has to wait for a moment before its blockers are looked for.
    process = spawn("backfill", "--apply", "--yes", "--deadline", "3", dsn=clinic.dsn)
    _, said = process.communicate(timeout=90)
    assert (process.returncode, command_in(said)[:3]) == (3, ["runs", "resume", "1"])
    assert "petrec runs abandon 1" in said
    assert f"pid {blocking.info.backend_pid}" in said


def test_before_a_run_has_begun_there_is_none_to_name(clinic: Database, petrec: Petrec) -> None:
    refused = petrec("backfill", "--apply", "--touch", "nothing", "--yes", dsn=clinic.dsn)
    assert (refused.code, "to resume" in refused.err) == (2, False)
