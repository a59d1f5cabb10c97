"""The recordings without a pet that may be of some pets, found from the side of these pets.

A backlog without pets may be of all owners. What is of a pet's appointments and visits is little,
and an index finds it for each of them.
"""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, any_, func, select, true

from petrec.api.access import Columns
from petrec.schema import Schema


def near(
    schema: Schema, pets: Select[Any], parts: list[Select[Any]], c: Columns
) -> list[Select[Any]]:
    """Select what each part finds for each appointment and each visit of some pets in turn.

    A part selects recordings, whose columns are `c`, and has a limit: without one, PostgreSQL could
    begin with the recordings.
    """
    links, visits = schema.links, schema.visits
    listed = select(links.c.appointment_id).where(links.c.pet_id.in_(pets))
    found = [_for_each(listed, part, c.appointment_id) for part in parts]
    if visits is None:
        return found
    seen = select(visits.c.id).where(visits.c.pet_id.in_(pets))
    new = _is_not_in(c.appointment_id, listed)
    return [*found, *(_for_each(seen, part.where(new), c.visit_id) for part in parts)]


def _for_each(ids: Select[Any], part: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
    of = ids.distinct().subquery("near")
    (found_id,) = of.c
    mine = part.where(column == found_id).lateral("mine")
    return select(mine).select_from(of.join(mine, true()))


def _is_not_in(column: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """Compare with a list that is built once; true also where the column is NULL."""
    listed = func.array(ids.scalar_subquery(), type_=ARRAY(column.type))
    return (column == any_(listed)).is_not(true())
