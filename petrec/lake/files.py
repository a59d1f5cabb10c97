"""The files of each table: those that a manifest names, or those found by the table's name."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from petrec.errors import FilesChangedError, SchemaMismatchError, UsageError
from petrec.lake.engine import Engine, FileFormat, TableFiles
from petrec.lake.listing import TABLE, local_paths
from petrec.lake.manifest import ExportedTable, checksum

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
    paths = [str(directory / file.path) for file in table.files]
    return TableFiles(FileFormat.PARQUET, paths, alike=True)


_AGAIN = "export the tables again, or restore the directory as a whole"


def found_files(source: str, names: Sequence[str], engine: Engine) -> TableFiles | None:
    """Return the files of the table with one of these names; None if there are none.

    `source` is a directory, or a pattern with TABLE in it; URLs are looked up by the engine.
    Errors: UsageError, SchemaMismatchError, EngineFailedError.
    """
    remote = "://" in source
    if remote and TABLE not in source:
        hint = f"such as s3a://bucket/exports/{TABLE}/*.parquet"
        raise UsageError(f"{source} does not say where each table is", hint=hint)
    for name in dict.fromkeys(names):
        paths = engine.find(source.replace(TABLE, name)) if remote else local_paths(source, name)
        if found := sorted(map(str, paths)):
            files = TableFiles(_format_of(name, found), found)
            if not remote and files.format is FileFormat.PARQUET:
                for path in found:
                    _check_parquet(Path(path))
            return files
    return None


def _format_of(name: str, paths: Sequence[str]) -> FileFormat:
    """Return the format of all files; errors: SchemaMismatchError."""
    by_suffix = {PurePosixPath(path).suffix.lower()[1:]: path for path in reversed(paths)}
    if odd := by_suffix.keys() - set(FileFormat):
        raise SchemaMismatchError(
            f"{by_suffix[min(odd)]} is not named .parquet or .csv",
            hint=f"move it away from the files of {name}, or name them by a pattern with {TABLE}",
        )
    if len(by_suffix) > 1:
        both = ", ".join(path for _, path in sorted(by_suffix.items()))
        raise SchemaMismatchError(
            f"table {name} has files of several formats: {both}",
            hint="keep one folder of Parquet or of CSV files for each table",
        )
    return FileFormat(min(by_suffix))


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
