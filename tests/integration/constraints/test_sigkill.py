"""Killed after a statement, then run again: the rest is done, and nothing twice."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.plugins.clean import digest
from tests.plugins.command import ROOT, Petrec, environment
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Forks
from tests.plugins.parted import prepared
from tests.plugins.servers import BINARIES, running
from tests.plugins.waiting import until

APPLY = ("constraints", "apply", "--yes")
KILLED = "tests.integration.constraints.killed"
STATEMENTS = 23
IN_MAKE_TEST = {8}
SWEEP = [
    pytest.param(at, marks=[] if at in IN_MAKE_TEST else [pytest.mark.full])
    for at in range(1, STATEMENTS)
]
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_whole: dict[tuple[str, int, tuple[str, ...]], tuple[str, list[str]]] = {}


def whole(petrec: Petrec, clinic: Database, *groups: str) -> tuple[str, list[str]]:
    """Return the catalog's digest and the statements of an uninterrupted run, made once."""
    kind = clinic.shape, clinic.cluster.major, groups
    if kind not in _whole:
        ended = petrec(*APPLY, *groups, "--format", "json", dsn=clinic.dsn)
        assert ended.code == 0, ended.err
        _whole[kind] = digest(clinic), json.loads(ended.out)["executed"]
    return _whole[kind]


def kill_after(number: int, clinic: Database, forks: Forks, *groups: str) -> list[str] | None:
    """Run until the number of statements is done; returns those, or None where fewer were left."""
    env = environment(PETREC_DATABASE_URL=clinic.dsn)
    ended = forks.run((str(number), *APPLY, *groups), ROOT, env, KILLED)
    if ended.code == 0:
        return None
    assert ended.code == -signal.SIGKILL, ended.err
    # The server may still hold the dead process's lock for a moment.
    until(lambda: clinic.execute(OTHERS) == [(0,)])
    return ended.out.splitlines()


@pytest.mark.parametrize("after", SWEEP)
def test_killed_after_a_statement(
    petrec: Petrec, forks: Forks, database: MakeDatabase, after: int
) -> None:
    catalog, statements = whole(petrec, prepared(database()))
    assert len(statements) == STATEMENTS
    cut = prepared(database())
    done = kill_after(after, cut, forks) or []
    ended = petrec(*APPLY, "--format", "json", dsn=cut.dsn)
    assert ended.code == 0, ended.err
    assert digest(cut) == catalog
    # Each statement once, in both runs together: so no constraint is validated twice.
    assert done + json.loads(ended.out)["executed"] == statements


def _chains() -> Iterator[object]:
    """Two kills on the newest server; at full size one after every statement, on all."""
    some = ("--group", "required", "--group", "visits")
    yield pytest.param(("partitioned", max(BINARIES)), 20, some, id="partitioned-now-and-then")
    for major in BINARIES:
        for shape in ("clinic", "partitioned"):
            marks = [pytest.mark.full, pytest.mark.timeout(1800)]
            yield pytest.param((shape, major), 1, (), marks=marks, id=f"{shape}-pg{major}")


@pytest.mark.long
@pytest.mark.parametrize(("where", "every", "groups"), [*_chains()])
def test_killed_again_and_again(
    petrec: Petrec, forks: Forks, database: MakeDatabase, where: tuple[str, int], every: int,
    groups: tuple[str, ...],
) -> None:  # fmt: skip
    shape, major = where
    catalog, statements = whole(petrec, prepared(database(shape, running(major))), *groups)
    cut = prepared(database(shape, running(major)))
    done: list[str] = []
    while (some := kill_after(every, cut, forks, *groups)) is not None:
        assert len(some) == every
        done += some
        assert len(done) <= len(statements), some
    assert len(done) > every
    assert digest(cut) == catalog
    # What the last process did, which came to its end, is the rest.
    assert done == statements[: len(statements) // every * every]
