"""The recordings without a pet that a caller may see, found through the caller's appointments.

All recordings without a pet may be many, and mostly of other practices. Those of some pets'
appointments and visits, or of a small practice, are few, and an index finds them. Below, a `part`
is a limited selection of recordings, and `c` are the columns of recordings.
"""

from typing import Any

from sqlalchemy import ARRAY, CTE, ColumnElement, Select, any_, func, select, true

from petrec.api.access import Columns
from petrec.api.recordings.each import for_each
from petrec.schema import Schema

Parts = list[Select[Any]]


class NearPets:
    """Finds the recordings of each appointment and each visit of some pets in turn."""

    def __init__(self, schema: Schema, pets: CTE) -> None:
        links, visits, asked = schema.links, schema.visits, select(pets.c.id)
        listed = select(links.c.appointment_id).where(links.c.pet_id.in_(asked)).distinct()
        self._appointments = listed.cte("near_appointments")
        self._visits: CTE | None = None
        if visits is not None:
            seen = select(visits.c.id).where(visits.c.pet_id.in_(asked))
            self._visits = seen.cte("near_visits")

    def found(self, parts: Parts, c: Columns) -> Parts:
        """Select what each part finds, by visit also what has no appointment."""
        found = [for_each(self._appointments, part, c.appointment_id) for part in parts]
        if self._visits is None:
            return found
        new = _is_not_in(c.appointment_id, self._appointments.select())
        return [*found, *(for_each(self._visits, part.where(new), c.visit_id) for part in parts)]


class NearAppointments:
    """Finds the recordings of each of some appointments in turn; with `alone`, others as well.

    Those others have no appointment; each part has a condition for which of them the caller sees.
    """

    def __init__(self, appointments: CTE, *, alone: bool) -> None:
        self._appointments, self._alone = appointments, alone

    def found(self, parts: Parts, c: Columns) -> Parts:
        """Select what each part finds."""
        found = [for_each(self._appointments, part, c.appointment_id) for part in parts]
        if not self._alone:
            return found
        # Ordered as their index is, which begins with the appointment: NULL in all of them.
        leading = (c.appointment_id.desc(), c.pet_id.desc(), c.created_at.desc(), c.id.desc())
        others = (part.where(c.appointment_id.is_(None)).order_by(None) for part in parts)
        return [*found, *(part.order_by(*leading) for part in others)]


def _is_not_in(column: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """Compare with a list that is built once; true also where the column is NULL."""
    listed = func.array(ids.scalar_subquery(), type_=ARRAY(column.type))
    return (column == any_(listed)).is_not(true())
