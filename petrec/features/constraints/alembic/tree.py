"""A host project's Alembic tree: where its revisions are, and which ones the new ones follow."""

import os
import tempfile
import tomllib
from contextlib import chdir
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError, coerce_resource_to_filename

from petrec.errors import UsageError
from petrec.features.constraints.alembic.revision import Revision
from petrec.files import write_failed
from petrec.phrases import Phrase, Phrased

_PLACES = "name the directory that has your alembic.ini or pyproject.toml"


class Tree:
    """The tree that a project's configuration names, or a directory with env.py and versions."""

    def __init__(
        self, place: Path, head: str = "", *, section: str = "alembic", version_path: str = ""
    ) -> None:
        """Read the tree; errors: UsageError if there is none, or if it is ambiguous.

        `place` is a directory, an ini file or a pyproject.toml. Paths in it are relative to the
        directory of the file, where Alembic is run.
        """
        if not place.exists():
            raise UsageError(f"{place} does not exist", hint=_PLACES)
        directory = place if place.is_dir() else place.parent
        try:
            with chdir(directory):
                self._script = _script(Path() if place.is_dir() else Path(place.name), section)
                self.head = self._choose(head)
                self._known = {
                    each.revision: Path(each.path).resolve()
                    for each in self._script.walk_revisions()
                }
                self._versions = self._location(version_path)
        except UsageError:
            raise
        except (Exception, SystemExit) as error:  # reading the tree runs the host's revisions
            raise UsageError(
                f"the Alembic tree of {place} cannot be read: {type(error).__name__}: {error}",
                hint="first make sure that `alembic history` works in the project",
            ) from error

    def write(self, revisions: list[Revision]) -> list[Path]:
        """Write all revisions or none, and overwrite no file; errors: UsageError."""
        for revision in revisions:
            if revision.id in self._known:
                raise UsageError(
                    f"this plan was exported already: {self._known[revision.id]}",
                    hint="alembic upgrade head; or delete the revisions first",
                )
        written: list[Path] = []
        try:
            for revision in revisions:
                path = self._versions / revision.file_name
                _create(path, revision.text())
                written.append(path)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        return written

    def _location(self, version_path: str) -> Path:
        """Return where revisions go: the named directory, else that of the head."""
        named = self._script.version_locations or [str(Path(self._script.dir) / "versions")]
        locations = [Path(coerce_resource_to_filename(str(each))).resolve() for each in named]
        if version_path:
            wanted = Path(version_path).resolve()
            if wanted not in locations:
                known = ", ".join(map(str, locations))
                raise UsageError(
                    f"{wanted} is not a version location", hint=f"choose one of: {known}"
                )
            return wanted
        if len(locations) == 1:
            return locations[0]
        if self.head is None:
            known = ", ".join(map(str, locations))
            raise UsageError("the tree has several version locations and no revision yet",
                             hint=Phrased(Phrase.NAME_VERSION_PATH, known=known))  # fmt: skip
        return self._known[self.head].parent

    def _choose(self, head: str) -> str | None:
        heads = list(self._script.get_heads())
        if head:
            if (named := self._named(head)) not in heads:
                raise UsageError(f"{head} is not a head", hint=f"heads: {', '.join(heads)}")
            return named
        if len(heads) > 1:
            raise UsageError(
                f"the tree has several heads: {', '.join(heads)}",
                hint=Phrased(Phrase.NAME_HEAD),
            )
        return heads[0] if heads else None

    def _named(self, head: str) -> str:
        """Return the revision of an id, the beginning of one, or a branch's label."""
        try:
            return str(self._script.get_revision(head).revision)
        except CommandError as error:
            raise UsageError(str(error), hint="alembic heads lists them") from error


def _script(place: Path, section: str) -> ScriptDirectory:
    """Return the tree of a configuration, which Alembic reads; `place` is in the directory."""
    if place.is_file():
        toml = place.name == "pyproject.toml"
        return _configured(Path("alembic.ini") if toml else place, section)
    if Path("alembic.ini").is_file() or _has_alembic(Path("pyproject.toml")):
        return _configured(Path("alembic.ini"), section)
    if Path("env.py").is_file() and Path("versions").is_dir():
        return ScriptDirectory(str(Path.cwd()))
    raise UsageError(
        f"{place.absolute()} has neither alembic.ini, nor [tool.alembic] in a pyproject.toml,"
        " nor env.py with versions",
        hint=_PLACES,
    )


def _configured(ini: Path, section: str) -> ScriptDirectory:
    config = Config(ini, toml_file="pyproject.toml", ini_section=section)
    return ScriptDirectory.from_config(config)


def _has_alembic(project: Path) -> bool:
    if not project.is_file():
        return False
    tools = tomllib.loads(project.read_text(encoding="utf-8")).get("tool", {})
    return isinstance(tools, dict) and "alembic" in tools


def _create(path: Path, source: str) -> None:
    """Write a temporary file, then link it, which fails if the name exists; errors: OutputError."""
    beside = None
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(source)
            file.flush()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
        Path(path).hardlink_to(beside)
    except OSError as error:
        raise write_failed(path, error) from error
    finally:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
