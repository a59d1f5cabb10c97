"""Revisions for partitioned recordings serve the partitions that there are when they run."""

import pytest

from petrec.features.constraints.plan import Request
from petrec.settings import Mapping
from tests.integration.alembic_export.test_export import export, must, prepared
from tests.plugins.alembic_project import HostProject
from tests.plugins.clean import digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import SUB
from tests.plugins.servers import BINARIES, running
from tests.plugins.stepping import connected, drive

LONG = "recordings_of_a_clinic_with_a_name_that_leaves_no_room_at_all"
# What came after the export: a partition whose index's name must be cut, one that has an index
# and a key already under names of its own, and one whose build failed.
LATER = f"""
CREATE TABLE {LONG} PARTITION OF recordings FOR VALUES FROM ('1970-01-01') TO ('1971-01-01');
CREATE TABLE "Mine" PARTITION OF recordings FOR VALUES FROM ('1971-01-01') TO ('1972-01-01');
CREATE INDEX "my index" ON "Mine" (pet_id);
ALTER TABLE "Mine" ADD CONSTRAINT mine FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX only_once ON "Mine" (appointment_id, pet_id);
CREATE INDEX idx_recordings_default_pet_id ON recordings_default (pet_id);
UPDATE pg_index SET indisvalid = false
WHERE indexrelid = 'idx_recordings_default_pet_id'::regclass
"""
COLUMNS = "r.id, r.pet_id, r.status"


def parted(database: MakeDatabase, server: Cluster) -> Database:
    made = prepared(database, server, "partitioned")
    made.execute(SUB)
    return made


PART = ("required", "indexes")
WHOLE = ("required", "indexes", "visits", "membership")
ENDS = {min(BINARIES), max(BINARIES)}
CASES = [
    *(pytest.param(m, PART, marks=[] if m == max(ENDS) else [pytest.mark.full]) for m in BINARIES),
    *(pytest.param(major, WHOLE, marks=[pytest.mark.full]) for major in BINARIES),
]


def options(groups: tuple[str, ...]) -> list[str]:
    """Return the groups as the command takes them."""
    given = [f"--group={group}" for group in groups if group != "membership"]
    return [*given, *(["--membership"] if "membership" in groups else [])]


@pytest.mark.parametrize(("major", "groups"), CASES)
def test_up_down_and_up_again_equals_apply(
    petrec: Petrec,
    database: MakeDatabase,
    host_project: HostProject,
    major: int,
    groups: tuple[str, ...],
) -> None:
    by_petrec, by_host = (parted(database, running(major)) for _ in range(2))
    project = host_project(by_host.dsn)
    ended = export(petrec, project, by_host, *options(groups))
    assert ended.code == 0, ended.err
    rows = by_host.checksum(COLUMNS)
    for each in (by_petrec, by_host):
        each.execute(LATER)
    wanted = Request(Mapping(), groups, "CASCADE")
    with connected(by_petrec) as planner:
        drive(by_petrec, planner, wanted.plan)
        applied = digest(by_petrec)
        drive(by_petrec, planner, wanted.rollback)
    must(project, "upgrade", "head")
    assert digest(by_host) == applied
    must(project, "downgrade", "first")
    assert digest(by_host) == digest(by_petrec) != applied
    must(project, "upgrade", "head")
    assert is_complete(by_host, wanted)
    assert by_host.checksum(COLUMNS) == rows


@pytest.mark.parametrize("major", [min(ENDS), pytest.param(max(ENDS), marks=[pytest.mark.full])])
def test_a_run_that_was_stopped_is_finished_or_taken_back(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject, major: int
) -> None:
    """Half of a plan is there: some frames and builds, nothing attached, one leaf's key."""
    clinic = parted(database, running(major))
    project = host_project(clinic.dsn)
    before, half = digest(clinic), halves(clinic)
    assert export(petrec, project, clinic, *options(PART)).code == 0
    for sql in half:
        clinic.execute(sql)
    assert digest(clinic) != before
    script = project.alembic("upgrade", "first:head", "--sql")
    assert (script.code, "it needs a connection" in script.err) == (1, True)
    must(project, "stamp", "heads")
    must(project, "downgrade", "first")
    assert digest(clinic) == before
    for sql in half:
        clinic.execute(sql)
    must(project, "upgrade", "head")
    assert is_complete(clinic, Request(Mapping(), PART, "CASCADE"))


def is_complete(clinic: Database, wanted: Request) -> bool:
    with connected(clinic) as planner:
        return wanted.status(planner).is_complete


def halves(clinic: Database) -> list[str]:
    """Return what a run does before it is stopped: some statements that need no other."""
    with connected(clinic) as planner:
        plan = Request(Mapping(), PART, "CASCADE").plan(planner)
    made = [step.sql for step in plan.steps if step.sql.startswith("CREATE INDEX")]
    added = [s.sql for s in plan.steps if s.object == "fk_recordings_pet_id"][:1]
    return [*made[:1], *made[2:12:2], *added]
