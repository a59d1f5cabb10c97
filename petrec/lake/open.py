"""Open a lake: find and check the files of every table, and let an engine read them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from petrec.errors import SchemaMismatchError
from petrec.lake.alike import types_of_all
from petrec.lake.choice import FileEngine, Lake
from petrec.lake.conditions import read_columns, register
from petrec.lake.dialects import Transpiler
from petrec.lake.engine import Engine, FileFormat, TableFiles, check_apart, view_name
from petrec.lake.files import exported_files, found_files
from petrec.lake.ids import check_ids
from petrec.lake.listing import TABLE
from petrec.lake.manifest import ExportedTable, Manifest, read_manifest
from petrec.lake.shapes import LakeShapes, LakeTable
from petrec.lake.source import LakeSource
from petrec.lake.spellings import Spellings
from petrec.lake.with_duckdb import open_duckdb
from petrec.phrases import Phrase, Phrased
from petrec.schema import Schema, build_schema
from petrec.settings import Mapping

_REQUIRED = ("recordings", "pets", "appointments", "appointment_pets")
_OPTIONAL = ("visits", "users", "pet_owners")


@contextmanager
def open_lake(lake: Lake, mapping: Mapping) -> Iterator[tuple[LakeSource, Schema]]:
    """Open the tables; errors: SchemaMismatchError, FilesChangedError, EngineFailedError."""
    manifest = None if TABLE in lake.source else _manifest(lake.source)
    with _engine(lake) as engine:
        tables = dict(_tables(engine, lake.source, manifest, mapping))
        places = ((table.name, table.table) for table in tables.values())
        check_apart(places, Phrased(Phrase.DATABASE_INSTEAD))
        found = LakeShapes(mapping, tables)
        found.check()
        now = datetime.fromisoformat(manifest.taken_at) if manifest else datetime.now(UTC)
        views = {(mapping.schema, t.table): view_name(t.name) for t in tables.values()}
        transpiler = Transpiler(engine.dialect, views, now)
        registered = {view.table: view for view in found.views(transpiler)}
        for view in registered.values():
            register(engine, view)
        plain = msgspec.structs.replace(mapping, where={})
        schema = build_schema(plain, found.shapes())
        remarks = tuple(_remarks(lake.source, manifest, mapping, tables))
        name = manifest.database if manifest else _called(lake.source)
        source = LakeSource(engine, transpiler, name)
        Spellings(source, schema, tables, registered).unify()
        check_ids(source, schema, tables)
        yield source, replace(schema, remarks=remarks)


def _engine(lake: Lake) -> AbstractContextManager[Engine]:
    if lake.engine is FileEngine.DUCKDB:
        return open_duckdb(lake.source)
    from petrec.lake.spark_session import open_spark  # noqa: PLC0415 - an optional package

    return open_spark(lake.master, lake.session)


def _manifest(source: str) -> Manifest | None:
    if "://" in source:
        return None
    if not Path(source).is_dir():
        hint = "petrec export-tables writes such a directory"
        raise SchemaMismatchError(f"{source} is not a directory", hint=hint)
    return read_manifest(Path(source))


def _called(source: str) -> str:
    """Return what an output calls files without a manifest: an address or a pattern is whole."""
    if TABLE in source or "://" in source:
        return source
    return Path(source).resolve().name


def _tables(
    engine: Engine, source: str, manifest: Manifest | None, mapping: Mapping
) -> Iterator[tuple[str, LakeTable]]:
    for name in (*_REQUIRED, *_OPTIONAL):
        if name in mapping.ignore:
            continue
        exported = manifest.table(name) if manifest else None
        files = _files(engine, source, manifest, exported, mapping, name)
        if files is not None:
            types = _types(engine, files, mapping, name)
            yield name, LakeTable(name, mapping.table(name), files, types, exported)
        elif name in _REQUIRED or name in mapping.tables:
            table = mapping.table(name)
            raise SchemaMismatchError(
                f"{source} has no files of table {table}",
                hint=f"petrec reads {table}/*.parquet, {table}.parquet and the same with .csv",
            )


def _types(engine: Engine, files: TableFiles, mapping: Mapping, name: str) -> dict[str, str]:
    """Return the types of the columns; a CSV file has only texts, of which one is a moment."""
    types = types_of_all(name, engine.types(files), read_columns(mapping, name))
    created_at = mapping.column(name, "created_at")
    if files.format is FileFormat.CSV and created_at in types:
        types[created_at] = "timestamp with time zone"
    return types


def _files(
    engine: Engine,
    source: str,
    manifest: Manifest | None,
    exported: ExportedTable | None,
    mapping: Mapping,
    name: str,
) -> TableFiles | None:
    if manifest is None:
        return found_files(source, (mapping.table(name), name), engine)
    return exported_files(Path(source), exported) if exported else None


def _remarks(
    source: str, manifest: Manifest | None, mapping: Mapping, tables: dict[str, Any]
) -> Iterator[str]:
    if manifest is None:
        yield f"read from {source}, which has no manifest: its tables may be of different moments"
    else:
        yield (
            f"read from {source}, an export of {manifest.taken_at[:19].replace('T', ' ')} UTC, "
            "without constraints and journal"
        )
    for name in tables:
        exported = manifest.table(name) if manifest else None
        where = exported.where if exported else mapping.where.get(name, "")
        if where:
            yield f"only rows of {name} where {where}"
