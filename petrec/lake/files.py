"""The files of each table: those that a manifest names, or those found by the table's name."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from petrec.errors import FilesChangedError, SchemaMismatchError, UsageError
from petrec.lake.engine import FileFormat, TableFiles
from petrec.lake.manifest import ExportedTable, checksum

# Stands for the table's name in a pattern.
TABLE = "{table}"
_MAGIC = b"PAR1"


def exported_files(directory: Path, table: ExportedTable) -> TableFiles:
    """Return the files that the manifest names; errors: FilesChangedError if they differ."""
    for file in table.files:
        path = directory / file.path
        try:
            same = path.stat().st_size == file.size and checksum(path) == file.sha256
        except OSError as error:
            reason = f"{path} is in the manifest, but cannot be read: {error.strerror}"
            raise FilesChangedError(reason, hint=_AGAIN) from error
        if not same:
            reason = f"{path} is not the file of the manifest: its content has changed"
            raise FilesChangedError(reason, hint=_AGAIN)
    return TableFiles(FileFormat.PARQUET, [str(directory / file.path) for file in table.files])


_AGAIN = "export the tables again, or restore the directory as a whole"


def found_files(source: str, names: Sequence[str]) -> TableFiles | None:
    """Return the files of the table with one of these names; None if there are none.

    `source` is a directory, or a pattern with TABLE in it. Errors: UsageError, SchemaMismatchError.
    """
    for name in dict.fromkeys(names):
        if "://" in source:
            return _remote(source, name)
        paths = sorted(_paths(source, name))
        if paths:
            return _one_format(name, paths)
    return None


def _remote(source: str, name: str) -> TableFiles:
    """Return the address of a table, which only the engine can look up."""
    if TABLE not in source:
        hint = f"such as s3a://bucket/exports/{TABLE}/*.parquet"
        raise UsageError(f"{source} does not say where each table is", hint=hint)
    is_csv = source.lower().endswith(".csv")
    form = FileFormat.CSV if is_csv else FileFormat.PARQUET
    return TableFiles(form, [source.replace(TABLE, name)])


def _paths(source: str, name: str) -> Iterator[Path]:
    if TABLE in source:
        pattern = source.replace(TABLE, glob.escape(name))
        yield from (Path(path) for path in glob.glob(pattern, recursive=True))  # noqa: PTH207
        return
    directory = Path(source)
    yield from (directory / f"{name}.{form}" for form in FileFormat
                if (directory / f"{name}.{form}").is_file())  # fmt: skip
    folder = directory / name
    if folder.is_dir():
        yield from (path for path in folder.rglob("*") if _is_data(path.relative_to(folder)))


def _is_data(path: Path) -> bool:
    """Return whether a file holds rows; engines leave out names that begin with . or _."""
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return path.suffix.lower()[1:] in set(FileFormat) and not hidden


def _one_format(name: str, paths: list[Path]) -> TableFiles:
    forms = {path.suffix.lower()[1:] for path in paths}
    if len(forms) > 1 or not forms <= set(FileFormat):
        raise SchemaMismatchError(
            f"table {name} has files of several formats: {paths[0]}, {paths[-1]}",
            hint="keep one folder of Parquet or of CSV files for each table",
        )
    form = FileFormat(forms.pop())
    if form is FileFormat.PARQUET:
        for path in paths:
            _check_parquet(path)
    return TableFiles(form, list(map(str, paths)))


def _check_parquet(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(max(0, path.stat().st_size - 4))
            sound = start == file.read(4) == _MAGIC
    except OSError as error:
        raise SchemaMismatchError(f"cannot read {path}: {error.strerror}") from error
    if not sound:
        raise SchemaMismatchError(f"{path} is not a Parquet file, or not a complete one")
