"""Row locks on appointments, taken without waiting."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table


def free_of_others(
    connection: Connection,
    appointments: Table,
    of_appointment: Select[Any],
    page: Sequence[int],
) -> list[int]:
    """Lock the items' appointments; returns the items whose appointment no other session holds.

    `of_appointment` selects the items, `numbered`, that have a row in `appointments`. One without
    needs no lock.
    """
    locking = of_appointment.with_for_update(of=appointments, skip_locked=True)
    numbers = {"numbers": list(page)}
    locked = set(connection.scalars(locking, numbers))
    if locked >= set(page):
        return list(page)
    held = set(connection.scalars(of_appointment, numbers)) - locked
    return [number for number in page if number not in held]
