"""The INSERT of a recording, which has an effect only if the pet is in the appointment."""

from sqlalchemy import (
    ColumnElement,
    Insert,
    bindparam,
    exists,
    false,
    insert,
    select,
)

from petrec.api.access import Scope
from petrec.api.authors import known_author
from petrec.api.uploads.membership import member
from petrec.api.uploads.new_recording import WRITTEN
from petrec.api.wire_columns import as_column
from petrec.rules.agreement import visit_contradicts_sql
from petrec.schema import Schema


def insert_query(
    schema: Schema, scope: Scope, with_visit: bool, author_may_be_null: bool = False
) -> Insert:
    """Insert nothing unless pet, appointment and visit fit and the caller may see them."""
    recordings = schema.tables.recordings
    names = [*WRITTEN, "visit_id"] if with_visit else WRITTEN
    columns = [recordings.c[name] for name in names if name in recordings.c]
    given = {c.key: as_column(c, c.key) for c in columns}
    if author_may_be_null:
        given["recorded_by_user_id"] = known_author(schema, given["recorded_by_user_id"])
    values = select(*given.values()).select_from(member(schema))
    values = values.where(*_conditions(schema, scope, with_visit))
    return insert(recordings).from_select(columns, values)


def _conditions(schema: Schema, scope: Scope, with_visit: bool) -> list[ColumnElement[bool]]:
    appointments, pets = schema.appointments, schema.pets
    conditions: list[ColumnElement[bool]] = [
        exists().where(
            appointments.c.id == bindparam("appointment_id"),
            scope.appointments(appointments.c),
        ),
        exists().where(pets.c.id == bindparam("pet_id"), *_pet_conditions(schema, scope)),
    ]
    if with_visit:
        conditions.append(visit_fits(schema, scope))
    return conditions


def _pet_conditions(schema: Schema, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions on the pet; none where who sees an appointment sees its pets."""
    return [] if scope.pets_by_appointment else [scope.pets(schema.pets.c)]


def visit_fits(schema: Schema, scope: Scope) -> ColumnElement[bool]:
    """Return whether the visit is visible and contradicts neither pet nor appointment."""
    visits = schema.visits
    if visits is None:
        return false()
    differs = visit_contradicts_sql(visits, bindparam("pet_id"), bindparam("appointment_id"))
    return exists().where(visits.c.id == bindparam("visit_id"), scope.visits(visits.c), ~differs)
