"""Check the ids in files of other programs, which no constraint of a database has seen."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Text, cast, distinct, false, func, literal, select
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
    """Refuse ids that are fractions, and rows that are there twice; errors: SchemaMismatchError."""
    for name, rows in _tables(schema):
        if tables[name].exported:
            continue
        if name != "appointment_pets":
            _check_once(source, name, rows)
        if tables[name].files.format is FileFormat.CSV:
            _check_whole(source, name, rows)


def _tables(schema: Schema) -> Iterator[tuple[str, NamedFromClause]]:
    yield "recordings", schema.recordings
    yield "pets", schema.pets
    yield "appointments", schema.appointments
    yield "appointment_pets", schema.links
    if schema.visits is not None:
        yield "visits", schema.visits


def _check_once(source: LakeSource, name: str, rows: NamedFromClause) -> None:
    ids: Any = rows.c.id
    query = select(func.count(ids) - func.count(distinct(ids))).select_from(rows)
    if more := source.execute(query).scalar_one():
        raise SchemaMismatchError(
            f"{name}: {more} {'row has an id' if more == 1 else 'rows have ids'} of rows before",
            hint="keep the files of one moment for each table",
        )


def _check_whole(source: LakeSource, name: str, rows: NamedFromClause) -> None:
    ids = [column for column in rows.c if column.key in _IDS & set(LOGICAL_COLUMNS[name])]
    tested = (cast(column, Text).regexp_match(literal(_FRACTION)) for column in ids)
    found = source.execute(
        select(*(func.coalesce(func.bool_or(each), false()) for each in tested)).select_from(rows)
    ).one()
    for column, is_fraction in zip(ids, found, strict=True):
        if is_fraction:
            raise SchemaMismatchError(
                f"{name}.{column.name} has fractions, such as 1.0, in its CSV files: "
                "they cannot identify a row",
                hint="write ids as integers or as text; a program that knows no empty integer "
                "makes them fractions",
            )
