"""Two recordings of each kind, with the names by which a person knows them."""

from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.documents.safe_text import link_to
from petrec.features.audit.result import AuditResult
from petrec.features.report.result import FindingExample
from petrec.schema import Schema, is_moment
from petrec.source import Reader

_LONGEST = 120


def examples_query(schema: Schema, ids: list[str], *, timed: bool) -> Select[Any]:
    """Select the recordings by id, with the pet's name and the appointment's title.

    `timed`: created_at holds moments, which are shown without their seconds.
    """
    recordings, pets, appointments = schema.recordings, schema.pets, schema.appointments
    wanted = cast(literal(ids, ARRAY(Text)), ARRAY(recordings.c.id.type))
    return (
        select(
            cast(recordings.c.id, Text),
            _day(recordings.c) if timed else _text(recordings.c, "created_at"),
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
    reader: Reader, schema: Schema, audit: AuditResult, link: str = ""
) -> tuple[FindingExample, ...]:
    """Return the audit's own examples, in the order of its kinds; `link` is a template."""
    ids = [sample for kind in audit.kinds for sample in kind.samples]
    columns = schema.recordings.c
    timed = "created_at" in columns and is_moment(columns.created_at)
    rows = reader.execute(examples_query(schema, ids, timed=timed)) if ids else ()
    known = {row[0]: tuple(_short(value) for value in row[1:]) for row in rows}
    examples = (
        FindingExample(kind.id, sample, *known.get(sample, ()))
        for kind in audit.kinds
        for sample in kind.samples
    )
    return tuple(replace(each, link=link_to(link, each.recording_id)) for each in examples)


def _text(columns: Any, name: str) -> ColumnElement[Any]:
    return cast(columns[name], Text) if name in columns else null()


def _day(columns: Any) -> ColumnElement[Any]:
    """Return a moment as text; one without a four-digit year (infinity, BC) as it is."""
    moment = columns["created_at"]
    usual = moment.between(_date("0001-01-01"), _date("9999-12-31"))
    short = func.to_char(moment, "YYYY-MM-DD HH24:MI")
    return case((usual, short), else_=cast(moment, Text))


def _date(text: str) -> ColumnElement[Any]:
    return cast(literal(text, Text), Date)


def _short(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
