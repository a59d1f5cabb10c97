"""Check the ids in files of other programs, which no constraint of a database has seen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, distinct, false, func, literal, select
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.errors import SchemaMismatchError
from petrec.lake.engine import FileFormat
from petrec.lake.shapes import LakeTable
from petrec.lake.source import LakeSource
from petrec.schema import REFERENCES, Schema
from petrec.settings import LOGICAL_COLUMNS

# What programs that know no empty integer make of integers, as text.
_FRACTION = "^-?[0-9]+([.]0|([.][0-9]+)?e[+][0-9]+)$"
_IDS = {"id", "owner_id", "pet_owner_id"} | {column for _, column, _ in REFERENCES}


def check_ids(source: LakeSource, schema: Schema, tables: Mapping[str, LakeTable]) -> None:
    """Refuse ids that are fractions, and rows that are there twice; errors: SchemaMismatchError.

    One statement a table: each reads its files once more.
    """
    for name, rows in _tables(schema):
        if tables[name].exported:
            continue
        once = [] if name == "appointment_pets" else [_repetitions(rows)]
        ids = _ids(name, rows) if tables[name].files.format is FileFormat.CSV else []
        if asked := [*once, *map(_is_fraction, ids)]:
            found = list(source.execute(select(*asked).select_from(rows)).one())
            _check_once(name, found[: len(once)])
            _check_whole(name, ids, found[len(once) :])


def _tables(schema: Schema) -> Iterator[tuple[str, NamedFromClause]]:
    yield "recordings", schema.recordings
    yield "pets", schema.pets
    yield "appointments", schema.appointments
    yield "appointment_pets", schema.links
    if schema.visits is not None:
        yield "visits", schema.visits


def _repetitions(rows: NamedFromClause) -> ColumnElement[Any]:
    ids: Any = rows.c.id
    return func.count(ids) - func.count(distinct(ids))


def _ids(name: str, rows: NamedFromClause) -> list[ColumnElement[Any]]:
    return [column for column in rows.c if column.key in _IDS & set(LOGICAL_COLUMNS[name])]


def _is_fraction(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return whether any value is one."""
    each = cast(column, Text).regexp_match(literal(_FRACTION))
    return func.coalesce(func.bool_or(each), false())


def _check_once(name: str, repetitions: Sequence[int]) -> None:
    for more in filter(None, repetitions):
        raise SchemaMismatchError(
            f"{name}: {more} {'row has an id' if more == 1 else 'rows have ids'} of rows before",
            hint="keep the files of one moment for each table",
        )


def _check_whole(name: str, ids: Iterable[Any], fractions: Iterable[bool]) -> None:
    for column, is_fraction in zip(ids, fractions, strict=True):
        if is_fraction:
            raise SchemaMismatchError(
                f"{name}.{column.name} has fractions, such as 1.0, in its CSV files: "
                "they cannot identify a row",
                hint="write ids as integers or as text; a program that knows no empty integer "
                "makes them fractions",
            )
