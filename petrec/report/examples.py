"""Two recordings of each kind, with the names by which a person knows them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.results.audit import AuditResult
from petrec.results.report import Example
from petrec.schema import Schema

_LONGEST = 120


def examples_query(schema: Schema, ids: list[str]) -> Select[Any]:
    """Select the recordings by id, with the pet's name and the appointment's title."""
    recordings, pets, appointments = schema.recordings, schema.pets, schema.appointments
    wanted = cast(literal(ids, ARRAY(Text)), ARRAY(recordings.c.id.type))
    return (
        select(
            cast(recordings.c.id, Text),
            _day(recordings.c),
            _text(recordings.c, "original_filename"),
            _text(pets.c, "name"),
            _text(appointments.c, "title"),
        )
        .select_from(recordings)
        .outerjoin(pets, pets.c.id == recordings.c.pet_id)
        .outerjoin(appointments, appointments.c.id == recordings.c.appointment_id)
        .where(recordings.c.id == func.any(wanted))
    )


def read_examples(
    connection: Connection, schema: Schema, audit: AuditResult
) -> tuple[Example, ...]:
    """Return the audit's own examples, in the order of its kinds."""
    ids = [sample for kind in audit.kinds for sample in kind.samples]
    rows = connection.execute(examples_query(schema, ids)) if ids else ()
    known = {row[0]: tuple(_short(value) for value in row[1:]) for row in rows}
    return tuple(
        Example(kind.id, sample, *known.get(sample, ()))
        for kind in audit.kinds
        for sample in kind.samples
    )


def _text(columns: Any, name: str) -> ColumnElement[Any]:
    return cast(columns[name], Text) if name in columns else null()


def _day(columns: Any) -> ColumnElement[Any]:
    if "created_at" not in columns:
        return null()
    return func.to_char(columns["created_at"], "YYYY-MM-DD HH24:MI")


def _short(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
