"""A backfill on Citus writes what it writes to plain tables, and its undo restores it."""

import re

import pytest

from tests.plugins.citus import HASHED, PLAIN, TENANT, CitusClinics
from tests.plugins.command import Petrec


def backfill(petrec: Petrec, citus: CitusClinics, layout: str) -> str:
    """Apply a backfill; returns the number of its run."""
    done = petrec("backfill", "--apply", "--yes", "--schema", layout, dsn=citus.dsn)
    assert done.code == 0, done.err
    (run,) = re.findall(r"petrec runs undo (\d+)", done.out)
    return str(run)


@pytest.mark.parametrize(("layout", "plain"), PLAIN.items())
def test_a_backfill_and_its_undo_are_those_of_plain_tables(
    layout: str, plain: str, petrec: Petrec, citus: CitusClinics
) -> None:
    citus.build(plain)
    before = citus.recordings(layout)
    run = backfill(petrec, citus, layout)
    after = citus.recordings(layout)
    backfill(petrec, citus, plain)
    assert before != after == citus.recordings(plain)
    journaled = citus.execute(f"SELECT count(*) FROM petrec.changes WHERE run_id = {run}")
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    assert journaled == [(changed,)]
    planned = petrec("runs", "undo", run, "--plan", "--schema", layout, dsn=citus.dsn)
    assert planned.code == 2
    assert "an undo has no plan there" in planned.err
    assert petrec("runs", "undo", run, "--yes", "--schema", layout, dsn=citus.dsn).code == 0
    assert citus.recordings(layout) == before


@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_what_changed_meanwhile_is_skipped_with_its_reason(
    layout: str, petrec: Petrec, citus: CitusClinics
) -> None:
    citus.build(layout)
    run = backfill(petrec, citus, layout)
    names = "SELECT row_key[1]::int FROM petrec.changes WHERE run_id = " + run
    (touched,), (gone,), *_ = citus.execute(f"{names} ORDER BY 1")
    citus.execute(f"UPDATE {{}}.recordings SET pet_id = 9 WHERE id = {touched}", layout)
    citus.execute(f"DELETE FROM {{}}.recordings WHERE id = {gone}", layout)
    petrec("runs", "undo", run, "--yes", "--schema", layout, dsn=citus.dsn)
    told = citus.execute(
        "SELECT row_key[1]::int, reason FROM petrec.skips"
        f" WHERE run_id = (SELECT id FROM petrec.runs WHERE undoes = {run}) ORDER BY 1"
    )
    assert told == [
        (touched, "its pet has changed since"),
        (gone, "the recording was deleted"),
    ]
    kept = citus.execute(f"SELECT pet_id FROM {{}}.recordings WHERE id = {touched}", layout)
    assert kept == [(9,)]


def test_the_journal_is_no_tenant_and_is_committed_with_the_worker(citus: CitusClinics) -> None:
    tenants = citus.execute("SELECT schemaid::regnamespace::text FROM pg_dist_schema")
    assert ("petrec",) not in tenants
    managed = "SELECT logicalrelid::regclass::text FROM pg_dist_partition WHERE repmodel = 's'"
    assert ("petrec.runs",) in citus.execute(managed)
