"""The manifest of an export: what is in its files, of which moment, and how to check them."""

import hashlib
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from petrec.errors import SettingsError

FILE_NAME = "manifest.json"
_BLOCK = 1 << 20


class ExportedFile(msgspec.Struct, frozen=True):
    """One Parquet file of a table; `path` is relative to the manifest."""

    path: str
    rows: int
    size: int
    sha256: str


class ExportedColumn(msgspec.Struct, frozen=True):
    """A column by its name in the database, with the type that it has there."""

    name: str
    type: str
    base: str


class ExportedTable(msgspec.Struct, frozen=True):
    """A table under petrec's name for it; `table` is its own. `where` are the rows that count."""

    name: str
    table: str
    columns: tuple[ExportedColumn, ...]
    primary_key: tuple[str, ...]
    rows: int
    files: tuple[ExportedFile, ...]
    where: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one snapshot of a database."""

    petrec_export: int = 1
    taken_at: str
    database: str
    server_version: str
    schema: str
    tables: tuple[ExportedTable, ...]

    def table(self, name: str) -> ExportedTable | None:
        """Return the table with petrec's name, if it was exported."""
        return next((table for table in self.tables if table.name == name), None)


def read_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of a directory, None if it has none; errors: SettingsError."""
    path = directory / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
        _check(manifest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        hint = "petrec export-tables writes one"
        raise SettingsError(f"{path} is not a manifest of petrec: {error}", hint=hint) from error
    return manifest


def _check(manifest: Manifest) -> None:
    """Check what the form does not say; errors: ValueError."""
    if manifest.petrec_export != 1:
        raise ValueError(f"its form is {manifest.petrec_export}, of another version of petrec")
    if datetime.fromisoformat(manifest.taken_at).tzinfo is None:
        raise ValueError("taken_at has no time zone")
    for table in manifest.tables:
        if not table.files or table.rows != sum(file.rows for file in table.files):
            raise ValueError(f"the files of {table.name} do not have its {table.rows} rows")
        for file in table.files:
            if PurePosixPath(file.path).parts[:-1] != (table.name,):
                raise ValueError(f"{file.path} is not a file of {table.name}")


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits; errors: OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
