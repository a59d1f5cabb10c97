"""Revisions in a host's tree: up, down and up again with data, and the same end as apply."""

import pytest

from tests.plugins.alembic_project import HostProject, Project
from tests.plugins.clean import clean, digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Completed
from tests.plugins.servers import BINARIES, running
from tests.plugins.templates import DATA

STRANGERS = """
DELETE FROM recordings r WHERE NOT EXISTS (SELECT FROM appointment_pets a
    WHERE (a.appointment_id, a.pet_id) = (r.appointment_id, r.pet_id))
"""
BEGUN = """
ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id
    FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE CASCADE NOT VALID
"""
ENDS = sorted({min(BINARIES), max(BINARIES)})


def export(petrec: Petrec, project: Project, clinic: Database, *options: str) -> Completed:
    return petrec("constraints", "export", "--alembic", str(project.directory), *options,
                  dsn=clinic.dsn)  # fmt: skip


def must(project: Project, *arguments: str) -> None:
    ended = project.alembic(*arguments)
    assert ended.code == 0, ended.err


def prepared(database: MakeDatabase, server: Cluster, shape: str = "clinic") -> Database:
    """Return a database in which the host's own first revision has its table."""
    made = clean(database(shape, server))
    made.execute(STRANGERS)
    made.execute("CREATE TABLE first (n int)")
    made.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL"
                 " CONSTRAINT alembic_version_pkc PRIMARY KEY)")  # fmt: skip
    made.execute("INSERT INTO alembic_version VALUES ('first')")
    return made


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("major", "shape"),
    [*((major, "clinic") for major in ENDS), (ENDS[0], "text_ids"), (ENDS[-1], "integer_ids")],
)
def test_up_down_and_up_again_equals_apply(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject, major: int, shape: str
) -> None:
    by_petrec = prepared(database, running(major), shape)
    by_host = prepared(database, running(major), shape)
    project = host_project(by_host.dsn)
    extra = ("--membership",) if shape == "clinic" else ()
    assert petrec("constraints", "apply", "--yes", *extra, dsn=by_petrec.dsn).code == 0
    before = digest(by_host)
    ended = export(petrec, project, by_host, *extra)
    assert ended.code == 0, ended.err
    assert digest(by_host) == before
    rows = by_host.checksum("r.id, r.pet_id, r.status")
    must(project, "upgrade", "head")
    assert digest(by_host) == digest(by_petrec) != before
    must(project, "downgrade", "first")
    assert petrec("constraints", "rollback", "--yes", *extra, dsn=by_petrec.dsn).code == 0
    assert digest(by_host) == digest(by_petrec)
    must(project, "upgrade", "head")
    assert petrec("constraints", "apply", "--yes", *extra, dsn=by_petrec.dsn).code == 0
    assert digest(by_host) == digest(by_petrec)
    assert by_host.checksum("r.id, r.pet_id, r.status") == rows


def test_a_run_that_was_stopped_is_finished(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    """What is there before, valid or not, is neither made twice nor taken for good."""
    clinic, twin = (prepared(database, running(max(BINARIES))) for _ in range(2))
    project = host_project(clinic.dsn)
    assert export(petrec, project, clinic).code == 0
    clinic.execute(BEGUN)
    clinic.execute("CREATE INDEX idx_recordings_pet_status ON recordings (pet_id, status)")
    clinic.execute("CREATE INDEX idx_recordings_pet_id ON recordings (pet_id)")
    clinic.execute("UPDATE pg_index SET indisvalid = false"
                   " WHERE indexrelid = 'idx_recordings_pet_id'::regclass")  # fmt: skip
    kept = clinic.execute("SELECT 'idx_recordings_pet_status'::regclass::oid")
    must(project, "upgrade", "head")
    assert clinic.execute("SELECT 'idx_recordings_pet_status'::regclass::oid") == kept
    assert petrec("constraints", "apply", "--yes", dsn=twin.dsn).code == 0
    assert digest(clinic) == digest(twin)


def test_rows_that_came_meanwhile_stop_it(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    clinic = prepared(database, running(max(BINARIES)))
    project = host_project(clinic.dsn)
    assert export(petrec, project, clinic, "--group", "required").code == 0
    clinic.execute("UPDATE recordings SET pet_id = NULL"
                   " WHERE id = (SELECT id FROM recordings LIMIT 1)")  # fmt: skip
    before = digest(clinic)
    ended = project.alembic("upgrade", "head")
    assert (ended.code, "would refuse 1 rows" in ended.err) == (1, True), ended.err
    assert digest(clinic) == before


def test_a_lock_is_waited_for_again_and_again(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    clinic = prepared(database, running(max(BINARIES)))
    project = host_project(clinic.dsn)
    options = ("--group", "required", "--lock-timeout", "20")
    assert export(petrec, project, clinic, *options).code == 0
    (file,) = project.files() - {"first.py"}
    path = project.versions / file
    path.write_text(path.read_text().replace("ATTEMPTS = 50", "ATTEMPTS = 2"))
    holder = clinic.connect(autocommit=False)
    holder.execute("SELECT FROM recordings LIMIT 1")
    ended = project.alembic("upgrade", "head")
    assert (ended.code, "LockNotAvailable" in ended.err) == (1, True), ended.err
    holder.rollback()
    must(project, "upgrade", "head")
    assert petrec("constraints", "status", "--group", "required", dsn=clinic.dsn).code == 0


def test_mapped_names_need_quotes(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    clinic = database("renamed", running(max(BINARIES)))
    project = host_project(clinic.dsn)
    config = DATA / "shapes" / "renamed.toml"
    assert config.exists()
    options = ("--config", str(config), "--group", "indexes")
    ended = export(petrec, project, clinic, *options)
    assert ended.code == 0, ended.err
    must(project, "upgrade", "head")
    status = petrec("constraints", "status", *options, dsn=clinic.dsn)
    assert status.code == 0, status.out
    must(project, "downgrade", "first")
    assert petrec("constraints", "status", *options, dsn=clinic.dsn).code == 1


def test_a_script_without_a_connection(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    clinic, twin = (prepared(database, running(max(BINARIES))) for _ in range(2))
    project = host_project(clinic.dsn)
    assert export(petrec, project, clinic).code == 0
    made = project.alembic("upgrade", "first:head", "--sql")
    assert made.code == 0, made.err
    lines = [each for each in made.out.split("\n") if not each.startswith("--")]
    for statement in "\n".join(lines).split(";\n"):
        clinic.execute(statement) if statement.strip() else None
    assert petrec("constraints", "apply", "--yes", dsn=twin.dsn).code == 0
    assert digest(clinic) == digest(twin)


def test_after_apply_the_revisions_only_move_the_version_on(
    petrec: Petrec, database: MakeDatabase, host_project: HostProject
) -> None:
    """Written on the oldest version, and then run on the newest."""
    old, new = (prepared(database, running(major)) for major in (ENDS[0], ENDS[-1]))
    project = host_project(new.dsn)
    assert export(petrec, project, old).code == 0
    assert petrec("constraints", "apply", "--yes", dsn=new.dsn).code == 0
    applied = digest(new)
    must(project, "upgrade", "head")
    assert digest(new) == applied
    must(project, "downgrade", "first")
    assert petrec("constraints", "status", dsn=new.dsn).code == 1
    must(project, "upgrade", "head")
    assert petrec("constraints", "status", dsn=new.dsn).code == 0


def test_printed_names_are_those_of_the_database(petrec: Petrec, database: MakeDatabase) -> None:
    clinic = database("renamed", running(max(BINARIES)))
    config = DATA / "shapes" / "renamed.toml"
    options = ("--config", str(config), "--group", "indexes")
    script = petrec("constraints", "plan", "--sql", *options, dsn=clinic.dsn).out
    assert ('("pet%id")' in script, "%%" in script) == (True, False)
    assert petrec("constraints", "apply", "--yes", *options, dsn=clinic.dsn).code == 0
