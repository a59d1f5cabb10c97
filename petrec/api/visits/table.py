"""The visits table, if there is one, and a visit from its columns to the wire."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.api.access import Columns
from petrec.api.entities import Entity
from petrec.api.http.errors import ApiError
from petrec.api.http.ids import Ids
from petrec.api.recordings.wire import RecordingOut
from petrec.api.statements import Row
from petrec.api.visits.wire import VisitOut
from petrec.api.wire_columns import as_day, as_flag, as_moment, as_text, or_null
from petrec.schema import Schema

_IDS = ("id", "pet_id", "appointment_id", "created_by")
_NEEDED = ("visit_date", "visit_type", "status", "created_by")
_PLAIN = (
    "visit_date",
    "visit_type",
    "status",
    "chief_complaint",
    "diagnosis",
    "treatment_plan",
    "notes",
    "follow_up_required",
    "follow_up_date",
    "created_at",
    "updated_at",
)
_FORMS: Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]] = {
    "visit_date": as_moment,
    "follow_up_required": as_flag,
    "follow_up_date": as_day,
    "created_at": as_moment,
    "updated_at": as_moment,
}


def visits_table(schema: Schema) -> NamedFromClause:
    """Return the visits that count; errors: ApiError if this clinic has no visits."""
    table = schema.kept_visits
    if table is None or any(name not in table.c for name in _NEEDED):
        raise ApiError(404, "visits_not_kept", "This clinic keeps no visits")
    return table


def stored_visits(schema: Schema) -> Table:
    """Return the table itself, to write to; errors: ApiError where this clinic keeps no visits."""
    visits_table(schema)
    if schema.tables.visits is None:  # pragma: no cover - the rows are this table's
        raise ApiError(404, "visits_not_kept", "This clinic keeps no visits")
    return schema.tables.visits


def visit_columns(c: Columns) -> list[ColumnElement[Any]]:
    """Return what `visit_out` reads."""
    ids = [cast(or_null(c, name), Text).label(name) for name in _IDS]
    return [*ids, *(_FORMS.get(name, as_text)(or_null(c, name)).label(name) for name in _PLAIN)]


def visit_out(ids: Ids, row: Row, recordings: Sequence[RecordingOut] = ()) -> VisitOut:
    """Return the visit; `row` has the columns of `visit_columns`."""
    return {
        "id": ids.write(Entity.VISIT, row.id),
        "pet_id": ids.write(Entity.PET, row.pet_id),
        "appointment_id": ids.maybe(Entity.APPOINTMENT, row.appointment_id),
        "visit_date": row.visit_date,
        "visit_type": row.visit_type,
        "status": row.status,
        "chief_complaint": row.chief_complaint,
        "diagnosis": row.diagnosis,
        "treatment_plan": row.treatment_plan,
        "notes": row.notes,
        "follow_up_required": bool(row.follow_up_required),
        "follow_up_date": row.follow_up_date,
        "recordings": list(recordings),
        "created_by": ids.write(Entity.VET, row.created_by),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
