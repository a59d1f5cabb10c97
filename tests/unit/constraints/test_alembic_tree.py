"""A project's tree of revisions: which head is followed, and where new revisions go."""

from pathlib import Path

import pytest

from petrec.errors import UsageError
from petrec.features.constraints.alembic.revision import Revision
from petrec.features.constraints.alembic.tree import Tree

REVISION = "revision = {name!r}\ndown_revision = {down!r}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a directory with env.py and one revision."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").touch()
    add(tmp_path, "aaaa", None)
    return tmp_path


def add(project: Path, name: str, down: str | None) -> None:
    (project / "versions" / f"{name}.py").write_text(REVISION.format(name=name, down=down))


def revision(name: str, group: str = "indexes") -> Revision:
    return Revision(id=name, down="aaaa", group=group, plan="p", refusals={}, forward=[], back=[],
                    search_path="public")  # fmt: skip


def test_the_only_head_is_followed(project: Path) -> None:
    assert Tree(project).head == "aaaa"
    add(project, "bbbb", "aaaa")
    assert Tree(project).head == Tree(project, "bb").head == "bbbb"
    with pytest.raises(UsageError, match="aaaa is not a head") as refused:
        Tree(project, "aaaa")
    assert refused.value.hint == "heads: bbbb"
    (project / "versions" / "aaaa.py").unlink()
    (project / "versions" / "bbbb.py").unlink()
    assert Tree(project).head is None


def test_several_heads_are_named(project: Path) -> None:
    add(project, "bbbb", None)
    with pytest.raises(UsageError, match=r"several heads: .*aaaa") as refused:
        Tree(project)
    assert refused.value.hint
    assert Tree(project, "bbbb").head == "bbbb"
    with pytest.raises(UsageError) as unknown:
        Tree(project, "cccc")
    assert unknown.value.hint.startswith("alembic heads")


def test_a_revision_is_written_once(project: Path) -> None:
    (path,) = Tree(project).write([revision("bbbb")])
    assert path.parent == project / "versions"
    assert path.stat().st_mode & 0o777 == 0o644
    before = path.read_bytes()
    with pytest.raises(UsageError, match=rf"was exported already: {path}") as refused:
        Tree(project).write([revision("cccc"), revision("bbbb")])
    assert refused.value.hint.startswith("alembic upgrade head")
    assert path.read_bytes() == before
    assert len(list((project / "versions").glob("*.py"))) == 2


def test_only_a_location_of_the_tree_takes_revisions(project: Path) -> None:
    there = str(project / "versions")
    assert Tree(project, version_path=there).write([revision("bbbb")])[0].parent == Path(there)
    with pytest.raises(UsageError, match=f"{project} is not a version location") as refused:
        Tree(project, version_path=str(project))
    assert refused.value.hint == f"choose one of: {there}"


@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "does not exist"), ("versions", "has neither alembic.ini")]
)
def test_a_place_without_a_tree_is_refused(project: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        Tree(project / name)
    assert refused.value.hint.startswith("name the directory")
