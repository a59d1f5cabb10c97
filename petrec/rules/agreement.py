"""Agreement of visits with recordings, and of owners, in Python and in SQL."""

from collections.abc import Hashable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, false, func, or_, true

from petrec.schema import Schema


def visit_contradicts_sql(
    visits: FromClause, pet: ColumnElement[Any], appointment: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return whether a visit names another pet or appointment; twin of `VisitFacts.contradicts`.

    NULL on either side contradicts nothing.
    """
    differs = [visits.c.pet_id != pet]
    if "appointment_id" in visits.c:
        differs.append(visits.c.appointment_id != appointment)
    return func.coalesce(or_(*differs), false())


def may_link(pet_owner: Hashable | None, appointment_owner: Hashable | None) -> bool:
    """Return whether a pet may be added to an appointment: owners agree, as far as recorded."""
    return pet_owner is None or appointment_owner is None or pet_owner == appointment_owner


def may_link_sql(schema: Schema, pets: FromClause, appointments: FromClause) -> ColumnElement[bool]:
    """Twin of `may_link`."""
    if not schema.compares_owners:
        return true()
    return func.coalesce(~owner_differs_sql(pets, appointments), true())


def owner_differs_sql(pets: FromClause, appointments: FromClause) -> ColumnElement[bool]:
    """Return whether the pet's owner is not the appointment's; NULL where one is unknown."""
    return pets.c.owner_id != appointments.c.pet_owner_id
