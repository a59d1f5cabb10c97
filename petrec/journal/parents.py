"""Row locks on appointments, taken without waiting."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table


def free_of_others(
    connection: Connection,
    appointments: Table,
    of_appointment: Select[Any],
    among: ColumnElement[bool],
    page: Sequence[int],
) -> list[int]:
    """Lock the items' appointments; returns the items whose appointment no other session holds.

    `of_appointment` selects the numbers of items joined to `appointments`, `among` those of the
    page, `numbered`. An item without an appointment row needs no lock.
    """
    query = of_appointment.where(among)
    locking = query.with_for_update(of=appointments, skip_locked=True)
    numbers = {"numbers": list(page)}
    locked = set(connection.scalars(locking, numbers))
    if locked >= set(page):
        return list(page)
    held = set(connection.scalars(query, numbers)) - locked
    return [number for number in page if number not in held]
