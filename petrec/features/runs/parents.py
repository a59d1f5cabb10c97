"""Row locks on appointments, taken without waiting."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from petrec.features.runs.numbers import numbers_of


def free_of_others(
    connection: Connection,
    appointments: Table,
    of_appointment: Select[Any],
    page: Sequence[int],
) -> list[int]:
    """Lock the items' appointments; returns the items whose appointment no other session holds.

    `of_appointment` selects the numbers of the items, `numbered`, that have a row in
    `appointments`. One without needs no lock.
    """
    (number,) = of_appointment.selected_columns
    locked = of_appointment.with_for_update(of=appointments, skip_locked=True).cte("locked")
    query = of_appointment.where(number.not_in(select(locked)))
    held = set(connection.scalars(query, numbers_of(page)))
    return [number for number in page if number not in held]
