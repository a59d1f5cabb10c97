"""The paths of a table's files on this machine: all of them, or an error with the obstacle."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from petrec.errors import SchemaMismatchError
from petrec.lake.engine import FileFormat

# Stands for the table's name in a pattern.
TABLE = "{table}"


def local_paths(source: str, name: str) -> Iterator[Path]:
    """Yield the files of a table; errors: SchemaMismatchError.

    `source` is a directory, or a pattern with TABLE in it.
    """
    if TABLE in source:
        yield from _of_pattern(source, name)
        return
    directory = Path(source)
    candidates = [directory / name, *(directory / f"{name}.{form}" for form in FileFormat)]
    there = [path for path in candidates if path.is_file() or _has_files(path)]
    if len(there) > 1:
        raise SchemaMismatchError(
            f"table {name} is there twice: {there[0]} and {there[1]}",
            hint="move one of them away",
        )
    for path in there:
        yield from [path] if path.is_file() else _walk(path)


def _of_pattern(source: str, name: str) -> Iterator[Path]:
    for found in glob.glob(source.replace(TABLE, glob.escape(name)), recursive=True):  # noqa: PTH207
        path = Path(found)
        if not path.is_dir():
            yield path
        elif not source.endswith("**"):
            raise SchemaMismatchError(
                f"{path} is a directory",
                hint=f"end the pattern with /*.parquet or /*.csv: {source}",
            )


def _has_files(path: Path) -> bool:
    return path.is_dir() and next(_walk(path), None) is not None


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and the folders in it, behind links, too.

    Engines leave out names that begin with . or _. A folder that cannot be read is an error: its
    rows would be missing in silence.
    """
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        real = os.path.realpath(place)
        if real in seen:
            raise SchemaMismatchError(f"{place} leads to files that {folder} has elsewhere, too")
        seen.add(real)
        folders[:] = sorted(each for each in folders if not each.startswith((".", "_")))
        yield from (Path(place, each) for each in names if not each.startswith((".", "_")))


def _refuse(error: OSError) -> None:
    raise SchemaMismatchError(f"cannot read {error.filename}: {error.strerror}") from error
