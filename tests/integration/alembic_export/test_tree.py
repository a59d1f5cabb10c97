"""Which directories and heads are taken, and that nothing that is there is written over."""

import pytest

from petrec.features.constraints.plan import Request
from petrec.features.constraints.specs import DEFAULT_GROUPS
from petrec.settings import Mapping
from tests.integration.alembic_export.test_export import export
from tests.plugins.alembic_project import HostProject, Project
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.stepping import connected


@pytest.fixture
def project(host_project: HostProject, clinic: Database) -> Project:
    return host_project(clinic.dsn)


def test_several_heads_need_a_choice(petrec: Petrec, project: Project, clinic: Database) -> None:
    project.add("second")
    before = project.files()
    ended = export(petrec, project, clinic)
    assert (ended.code, "--head" in ended.err) == (2, True)
    assert export(petrec, project, clinic, "--head", "nowhere").code == 2
    assert project.files() == before
    assert export(petrec, project, clinic, "--head", "second").code == 0
    heads = project.alembic("heads").out.split("\n")
    assert any(line.startswith("first") for line in heads)
    assert not any(line.startswith("second") for line in heads)


def test_the_same_plan_is_written_once(petrec: Petrec, project: Project, clinic: Database) -> None:
    assert export(petrec, project, clinic).code == 0
    written = {path: path.read_bytes() for path in project.versions.glob("*.py")}
    assert len(written) == 1 + len(DEFAULT_GROUPS)
    with connected(clinic) as planner:
        plan = Request(Mapping(), DEFAULT_GROUPS, "CASCADE").plan(planner)
    naming = [text for text in written.values() if f"from plan {plan.hash}." in text.decode()]
    assert len(naming) == len(DEFAULT_GROUPS)
    ended = export(petrec, project, clinic)
    assert (ended.code, "exported already" in ended.err) == (2, True)
    assert {path: path.read_bytes() for path in project.versions.glob("*.py")} == written


def test_all_or_nothing_and_over_nothing(
    petrec: Petrec, project: Project, clinic: Database
) -> None:
    assert export(petrec, project, clinic).code == 0
    names = sorted(project.files() - {"first.py"})
    last = next(name for name in names if "visits" in name)
    for name in names:
        (project.versions / name).unlink()
    (project.versions / last).write_text("# mine\n\nrevision = 'mine'\ndown_revision = 'first'\n")
    before = project.files()
    ended = export(petrec, project, clinic)
    assert ended.code != 0
    assert project.files() == before
    assert (project.versions / last).read_text().startswith("# mine")


def test_a_directory_without_alembic_ini(
    petrec: Petrec, project: Project, clinic: Database
) -> None:
    there = ("constraints", "export", "--group", "indexes", "--alembic")
    assert petrec(*there, str(project.directory / "migrations"), dsn=clinic.dsn).code == 0
    assert petrec(*there, str(project.versions), dsn=clinic.dsn).code == 2
