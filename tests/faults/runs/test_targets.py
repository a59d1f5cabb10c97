"""Runs, decisions and history of one target never touch another's, whatever the names are."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.runs.journal.install import alembic_config
from petrec.operations.audit import audit
from petrec.operations.backfill import apply_backfill, plan_backfill
from petrec.operations.connect import connect
from petrec.operations.review import export_review, review_status
from petrec.operations.review_import import Decisions, import_review
from petrec.operations.runs import runs
from petrec.operations.session import Session
from petrec.operations.validate import validate
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.identifiers import qualified
from petrec.settings import Settings
from tests.faults.runs.targets import Tenant, tenant
from tests.plugins.case_files import decide_some
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Completed
from tests.plugins.runs import APPLY, SLOW
from tests.plugins.waiting import until

# Written with a dot between them, the names of the second pair are the same.
PAIRS = [
    (("north", "recordings"), ("south", "recordings")),
    (("one.two", "three"), ("one", "two.three")),
]


@given(*[st.lists(st.text("ab.\"'", min_size=1), min_size=2, max_size=2)] * 2)
def test_no_two_targets_share_a_name(one: list[str], other: list[str]) -> None:
    assert (qualified(*one) == qualified(*other)) is (one == other)


class Two:
    """One database, two clinics, and the command for either of them."""

    def __init__(self, database: Database, petrec: Petrec) -> None:
        self.database, self.petrec = database, petrec

    def session(self, who: Tenant) -> Session:
        return connect(self.database.dsn, config=who.config)

    def run(self, who: Tenant, *arguments: str) -> Completed:
        command = (*arguments, "--config", str(who.config))
        return self.petrec(*command, dsn=self.database.dsn)

    def told(self, who: Tenant, *arguments: str, code: int = 0) -> dict[str, Any]:
        ended = self.run(who, *arguments, "--format", "json")
        assert ended.code == code, ended.out + ended.err
        return dict(json.loads(ended.out))

    def checksum(self, who: Tenant) -> Any:
        rows = f"SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM {who.recordings} r"
        return self.database.execute(rows)


@pytest.fixture
def two(database: MakeDatabase, petrec: Petrec) -> Two:
    return Two(database("integer_ids"), petrec)


@pytest.mark.few(1)
@pytest.mark.parametrize("names", PAIRS)
def test_nothing_of_one_target_shows_in_the_other(
    two: Two, tmp_path: Path, names: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    one, other = (tenant(two.database, *name, tmp_path) for name in names)
    untouched = two.checksum(other)
    before, open_cases = seen(two, other), sheet(two, other, tmp_path / "before.csv")
    changed, row = work_on(two, one, tmp_path)

    assert two.checksum(other) == untouched
    assert seen(two, other) == before
    assert sheet(two, other, tmp_path / "after.csv") == open_cases
    decide_some(tmp_path / "after.csv")
    planned = two.run(other, "review", "import", str(tmp_path / "after.csv"), "--partial")
    assert "recorded before │     0" in planned.out, planned.out + planned.err
    assert two.told(other, "runs", "show", "--recording", row)["changes"] == []
    assert two.told(one, "runs", "show", "--recording", row)["changes"] != []
    assert two.run(other, "report", "--no-history", "--json", "report.json").code == 1
    assert json.loads((tmp_path / "report.json").read_text())["backfills"] == []
    for refused in (("undo", "1", "--yes"), ("show", "1")):
        ended = two.run(other, "runs", *refused)
        assert ended.code == 2
        assert f"belongs to {one.name}, the configuration names {other.name}" in ended.err

    mine = two.told(other, *APPLY)["run"]
    assert mine["changed"] == changed
    assert [run["id"] for run in two.told(other, "runs", "list")["runs"]] == [mine["id"]]
    assert two.run(other, "runs", "undo", str(mine["id"]), "--yes").code == 0
    assert two.checksum(other) == untouched


def work_on(two: Two, who: Tenant, directory: Path) -> tuple[int, str]:
    """Backfill, review, overtake evidence and leave a run unfinished; returns rows, and one."""
    session, cases = two.session(who), directory / "cases.csv"
    run = apply_backfill(session).run
    assert run is not None
    export_review(session, [cases])
    decide_some(cases)
    assert import_review(session, Decisions([cases], partial=True)).run is not None
    row = two.database.execute(OVERTAKE.format(schema=qualified(who.schema)))[0][0]
    counts = {warning.id: warning.count for warning in audit(session).warnings}
    assert counts["evidence_overtaken"] > 0
    two.database.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL")
    return run.changed, str(row)


OVERTAKE = """
WITH one AS (
    SELECT row_key[1]::bigint AS recording, a.appointment_id FROM petrec.changes c
    JOIN petrec.plan_items a USING (run_id, seq, row_key)
    WHERE c.strategy = 'single_pet' ORDER BY run_id, seq LIMIT 1)
INSERT INTO {schema}.appointment_pets (appointment_id, pet_id)
SELECT appointment_id::bigint, (SELECT max(id) FROM {schema}.pets) FROM one
RETURNING (SELECT recording FROM one)
"""


def seen(two: Two, who: Tenant) -> list[Any]:
    """Return what reading operations say, without the time."""
    session = two.session(who)
    found = [
        msgspec.to_builtins(each, enc_hook=str)
        for each in (
            audit(session), plan_backfill(session), runs(session), review_status(session),
            validate(session),
        )
    ]  # fmt: skip
    for each in found:
        each.pop("taken_at", None)
        # With a journal there is one warning more to be counted, and one rule.
        for name in ("warnings", "rules"):
            each[name] = [one for one in each.get(name, []) if one.get("count", 1)]
    return found


def sheet(two: Two, who: Tenant, path: Path) -> list[str]:
    """Return the lines of the cases that are open."""
    export_review(two.session(who), [path])
    return path.read_text(encoding="utf-8-sig").splitlines()


def test_history_is_kept_by_target(two: Two, tmp_path: Path) -> None:
    (one, other) = (tenant(two.database, *name, tmp_path) for name in PAIRS[1])
    assert two.told(one, "report", "--record", code=1)["runs"] == 1
    assert two.told(one, "report", "--record", code=1)["runs"] == 2
    first = two.told(other, "report", "--record", code=1)
    assert (first["runs"], first["moved"]) == (1, None)


def test_targets_are_written_to_at_the_same_time(two: Two, spawn: Spawn, tmp_path: Path) -> None:
    one, other = (tenant(two.database, *name, tmp_path) for name in PAIRS[0])
    slow = (*APPLY, *SLOW, "--max-rows-per-second", "20")
    process = spawn(*slow, "--config", str(one.config), dsn=two.database.dsn)
    working = "SELECT count(*) FROM petrec.changes"
    until(lambda: two.run(one, "runs", "list").out.count("running"))
    assert two.run(one, *APPLY).code == 3
    assert two.told(other, *APPLY)["run"]["state"] == "done"
    assert process.poll() is None, two.database.execute(working)


def test_a_journal_of_an_older_version_is_read_and_filled_in(
    database: MakeDatabase, petrec: Petrec, any_cluster: Cluster,
    tmp_path: Path,
) -> None:  # fmt: skip
    two = Two(database("integer_ids", any_cluster), petrec)
    one, other = (tenant(two.database, *name, tmp_path) for name in PAIRS[0])
    assert two.run(one, *APPLY).code == 0
    engine = make_engine(resolve_dsn(two.database.dsn, None), Settings(), "test")
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0003_causes")
    names = "SELECT target->>'name' FROM petrec.runs ORDER BY id"
    assert two.database.execute(names) == [(None,)]
    assert len(two.told(one, "runs", "list")["runs"]) == 1
    assert two.told(other, "runs", "list")["runs"] == []
    assert two.run(other, *APPLY).code == 0
    assert two.database.execute(names) == [(one.name,), (other.name,)]
    assert two.run(one, "runs", "undo", "1", "--yes").code == 0
