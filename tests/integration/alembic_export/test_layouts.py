"""Trees in every form that Alembic knows; Alembic itself runs what was exported."""

import subprocess
import sys
from pathlib import Path

import pytest

from petrec.errors import UsageError
from petrec.features.constraints.alembic.export import make_revisions
from petrec.features.constraints.alembic.tree import Tree
from petrec.features.constraints.plan import Request
from petrec.settings import Mapping
from tests.plugins.alembic_project import ENV, FIRST, HostProject, Project
from tests.plugins.clean import clean
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.stepping import connected

WANTED = Request(Mapping(), ("required",), "CASCADE")
TWO = """
[alembic]
script_location = migrations
path_separator = space
version_locations = one two
"""
SECTIONS = """
[alembic]
script_location = nowhere
[clinic]
script_location = %(here)s/migrations
"""


@pytest.fixture
def project(host_project: HostProject, clinic: Database) -> Project:
    return host_project(clean(clinic).dsn)


def exported(clinic: Database, tree: Tree) -> list[Path]:
    with connected(clinic) as connection:
        return tree.write(make_revisions(connection, WANTED, tree.head, 300))


def run(project: Project, clinic: Database, *options: str, target: str = "heads") -> None:
    ended = project.alembic(*options, "upgrade", target)
    assert ended.code == 0, ended.err
    with connected(clinic) as connection:
        assert WANTED.status(connection).is_complete


def test_a_tree_by_pyproject(petrec: Petrec, clinic: Database, host_project: HostProject) -> None:
    clean(clinic)
    made = [sys.executable, "-m", "alembic", "init", "-t", "pyproject", "migrations"]
    project = host_project(clinic.dsn)
    for path in ("alembic.ini", "migrations/env.py", "migrations/versions/first.py"):
        (project.directory / path).unlink()
    (project.directory / "migrations" / "versions").rmdir()
    (project.directory / "migrations").rmdir()
    (project.directory / "pyproject.toml").write_text("[project]\nname = 'host'\nversion = '1'\n")
    subprocess.run(made, cwd=project.directory, check=True, capture_output=True)
    (project.directory / "alembic.ini").unlink(missing_ok=True)
    (project.directory / "migrations" / "env.py").write_text(ENV)
    ended = petrec("constraints", "export", "--group", "required", "--alembic",
                   str(project.directory), dsn=clinic.dsn)  # fmt: skip
    assert ended.code == 0, ended.err
    with pytest.raises(UsageError, match="exported already"):
        exported(clinic, Tree(project.directory / "pyproject.toml"))
    run(project, clinic)


def test_several_version_locations(project: Project, clinic: Database) -> None:
    (project.directory / "alembic.ini").write_text(TWO)
    for place, revision in (("one", "alpha"), ("two", "beta")):
        (project.directory / place).mkdir()
        (project.directory / place / f"{revision}.py").write_text(FIRST.format(id=revision))
    with pytest.raises(UsageError, match="several heads"):
        Tree(project.directory)
    with pytest.raises(UsageError, match="is not a version location"):
        Tree(project.directory, "beta", version_path=str(project.directory / "three"))
    two = project.directory / "two"
    assert Tree(project.directory, "beta")._versions == two
    assert Tree(project.directory, "alpha")._versions == project.directory / "one"
    tree = Tree(project.directory / "alembic.ini", "alpha", version_path=str(two))
    assert {path.parent for path in exported(clinic, tree)} == {two}
    run(project, clinic)


def test_locations_without_a_revision_need_a_choice(project: Project, clinic: Database) -> None:
    (project.directory / "alembic.ini").write_text(TWO)
    for place in ("one", "two"):
        (project.directory / place).mkdir()
    with pytest.raises(UsageError, match="several version locations"):
        Tree(project.directory)
    exported(clinic, Tree(project.directory, version_path=str(project.directory / "one")))
    run(project, clinic)


def test_a_section_of_the_ini_file(project: Project, clinic: Database) -> None:
    ini = project.directory / "other.ini"
    ini.write_text(SECTIONS)
    exported(clinic, Tree(ini, section="clinic"))
    run(project, clinic, "-c", "other.ini", "-n", "clinic")


def test_what_is_no_tree_is_named_and_never_its_parent(project: Project) -> None:
    """A directory that is not there lies in one that is, which was not asked for."""
    with pytest.raises(UsageError, match=r"nowhere does not exist"):
        Tree(project.directory / "nowhere")
    with pytest.raises(UsageError, match="Can't locate revision"):
        Tree(project.directory, "nothing")
    (project.versions / "ends.py").write_text("raise SystemExit(0)")
    with pytest.raises(UsageError, match="SystemExit: 0"):
        Tree(project.directory)
