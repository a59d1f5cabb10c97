"""A host project's Alembic tree: where its revisions are, and after which the new ones come."""

import os
import tempfile
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from petrec.constraints.export_text import Revision
from petrec.errors import UsageError
from petrec.files import write_failed


class Tree:
    """The tree of a directory with alembic.ini, or with env.py and versions."""

    def __init__(self, directory: Path, head: str = "") -> None:
        """Read the tree; errors: UsageError where there is none, or it is not clear what to do."""
        try:
            self._script = _script(directory)
            self._versions = Path(self._script.versions).resolve()
            self.head = self._choose(head)
        except UsageError:
            raise
        except Exception as error:  # reading the tree runs the host's revisions
            raise UsageError(
                f"the Alembic tree of {directory} cannot be read: {type(error).__name__}: {error}",
                hint="alembic history, run in the project, must work first",
            ) from error

    def write(self, revisions: list[Revision]) -> list[Path]:
        """Write all of them or none, over nothing that is there; errors: UsageError."""
        known = {each.revision: each.path for each in self._script.walk_revisions()}
        for revision in revisions:
            if revision.id in known:
                raise UsageError(
                    f"this plan is there already: {known[revision.id]}",
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

    def _choose(self, head: str) -> str | None:
        heads = list(self._script.get_heads())
        if head:
            named = self._script.get_revision(head).revision
            if named not in heads:
                raise UsageError(f"{head} is not a head", hint=f"heads: {', '.join(heads)}")
            return str(named)
        if len(heads) > 1:
            raise UsageError(
                f"the tree has several heads: {', '.join(heads)}",
                hint="name one with --head, or run alembic merge heads first",
            )
        return heads[0] if heads else None


def _script(directory: Path) -> ScriptDirectory:
    ini = directory / "alembic.ini"
    if ini.is_file():
        config = Config(ini)
        location = config.get_main_option("script_location") or ""
        # Alembic takes a plain path from where it is run, which is beside its file.
        if location and ":" not in location and not Path(location).is_absolute():
            location = str(directory.resolve() / location).replace("%", "%%")
            config.set_main_option("script_location", location)
        return ScriptDirectory.from_config(config)
    if (directory / "env.py").is_file() and (directory / "versions").is_dir():
        return ScriptDirectory(str(directory.resolve()))
    raise UsageError(
        f"{directory} has neither alembic.ini nor env.py with versions",
        hint="name the directory of your project's alembic.ini",
    )


def _create(path: Path, source: str) -> None:
    """Write beside, then link, which fails where the name is taken; errors: OutputError."""
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
