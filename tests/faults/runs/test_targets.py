"""Runs, decisions and history of one target never touch another's, whatever the names are."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st

from petrec.features.runs.journal.install import alembic_config
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
    commands: list[tuple[str, ...]] = [
        ("audit", "--fail-level", "never"), ("backfill",), ("runs", "list"),
        ("review", "status"),
    ]  # fmt: skip
    before = [shown(two, other, command) for command in commands]
    gate, open_cases = judged(two, other), sheet(two, other, tmp_path / "before.csv")
    changed, row = work_on(two, one, tmp_path)

    assert two.checksum(other) == untouched
    assert [shown(two, other, command) for command in commands] == before
    assert judged(two, other) == gate
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
    changed = two.told(who, *APPLY)["run"]["changed"]
    cases = directory / "cases.csv"
    assert two.run(who, "review", "export", str(cases)).code == 0
    decide_some(cases)
    decided = two.run(who, "review", "import", str(cases), "--apply", "--yes", "--partial")
    assert decided.code in {0, 1}
    row = two.database.execute(OVERTAKE.format(schema=qualified(who.schema)))[0][0]
    audit = two.told(who, "audit", "--fail-level", "never")
    counts = {warning["id"]: warning["count"] for warning in audit["warnings"]}
    assert counts["evidence_overtaken"] > 0
    two.database.execute("UPDATE petrec.runs SET state = 'stopped', finished_at = NULL")
    return changed, str(row)


OVERTAKE = """
WITH one AS (
    SELECT row_key[1]::bigint AS recording, a.appointment_id FROM petrec.changes c
    JOIN petrec.plan_items a USING (run_id, seq, row_key)
    WHERE c.strategy = 'single_pet' ORDER BY run_id, seq LIMIT 1)
INSERT INTO {schema}.appointment_pets (appointment_id, pet_id)
SELECT appointment_id::bigint, (SELECT max(id) FROM {schema}.pets) FROM one
RETURNING (SELECT recording FROM one)
"""


def shown(two: Two, who: Tenant, command: tuple[str, ...]) -> dict[str, Any]:
    """Return what a command shows, without the time."""
    told = two.told(who, *command)
    told.pop("taken_at", None)
    # With a journal there is one warning more to be counted.
    told["warnings"] = [warning for warning in told.get("warnings", []) if warning["count"]]
    return told


def judged(two: Two, who: Tenant) -> dict[str, Any]:
    """Return what the gate says, without the time."""
    told = dict(json.loads(two.run(who, "validate", "--format", "json").out))
    told.pop("taken_at")
    # With a journal there is one rule more.
    told["rules"] = [rule for rule in told["rules"] if rule["count"]]
    return told


def sheet(two: Two, who: Tenant, path: Path) -> list[str]:
    """Return the lines of the cases that are open."""
    assert two.run(who, "review", "export", str(path)).code == 0
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
