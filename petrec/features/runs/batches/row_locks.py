"""Row locks taken without waiting, and the location of a row by PostgreSQL's system columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Label,
    Select,
    Subquery,
    Table,
    and_,
    cast,
    literal_column,
    select,
)

from petrec.features.runs.batches.carried import ask
from petrec.features.runs.batches.shard import in_places
from petrec.features.runs.batches.work import Locked, RunWork
from petrec.features.runs.journal.keys import Columns, has_key
from petrec.features.runs.run import Run
from petrec.postgres.identifiers import quoted_table
from petrec.schema import Schema

ROW_LOCATION = ("tableoid", "ctid")
# An update changes ctid. Releases before 18.1, 17.7, 16.11, 15.15 and 14.20 do not compare ctid
# again after they have followed an update to the newer row. They do compare xmin: both are needed.
ROW_VERSION = (*ROW_LOCATION, "xmin")


def system_columns(table: FromClause, names: Sequence[str]) -> list[Label[Any]]:
    """Return system columns of a table or alias, labelled with their own names."""
    prefix = quoted_table(table)
    return [literal_column(f"{prefix}.{name}").label(name) for name in names]


def versioned(recordings: FromClause) -> Subquery:
    """Return the recordings with their version, by which `locked_as_read` knows them again."""
    version = system_columns(recordings, ROW_VERSION)
    return select(*recordings.c, *version).subquery("recording")


def location(schema: Schema, recording: Columns) -> list[ColumnElement[Any]]:
    """Return where recordings lie that were selected with that, and their keys: see `is_there`."""
    return [*(recording[name] for name in ROW_LOCATION), *_keys(schema, recording)]


def is_there(schema: Schema, table: FromClause, row: Columns) -> ColumnElement[bool]:
    """Compare recordings with a `location`: keys in their own type, which costs no cast."""
    keys = (table.c[name] == row[_key(schema, name)] for name in schema.key)
    return and_(is_at(table, row, ROW_LOCATION), *keys)


def _keys(schema: Schema, recording: Columns) -> list[Label[Any]]:
    return [recording[name].label(_key(schema, name)) for name in schema.key]


def _key(schema: Schema, name: str) -> str:
    return _unused(schema, "petrec_key_", name)


def is_at(table: FromClause, row: Columns, names: Sequence[str]) -> ColumnElement[bool]:
    """Compare system columns with those that were read before."""
    return and_(*(own.element == row[own.name] for own in system_columns(table, names)))


@dataclass(frozen=True)
class AppointmentLocks:
    """The appointments that the items of a page name.

    `items` selects the items' numbers, `numbered`, from what has the column `appointment`: the one
    that each names, or NULL.
    """

    schema: Schema
    items: Select[tuple[int]]
    appointment: ColumnElement[Any]

    def lock(self, connection: Connection, work: RunWork, run: Run, page: Sequence[int]) -> Locked:
        """Lock the appointments, without waiting; an item that names none needs no lock."""
        unlocked = ask(connection, work, run, self.lock_query(), page).scalars().all()
        if not unlocked:
            return Locked(page, proven=True)
        # What has a row that could not be locked is held by another session.
        held = set(ask(connection, work, run, self._existing(), unlocked).scalars())
        ready = [number for number in page if number not in held]
        return Locked(ready, proven=len(held) == len(unlocked))

    def lock_query(self) -> Select[Any]:
        """Lock the appointments; selects the items that name one which could not be locked."""
        appointments = self.schema.tables.appointments
        query = self._existing().with_for_update(of=appointments, skip_locked=True)
        (number,) = self.items.selected_columns
        unlocked = number.not_in(select(query.cte("locked")))
        return self.items.where(self.appointment.is_not(None), unlocked)

    def _existing(self) -> Select[tuple[int]]:
        """Select the items whose appointment has a row, as the rules compare the two.

        In the type of recordings: that of appointments may not hold what a recording names.
        """
        appointments, recordings = self.schema.tables.appointments, self.schema.tables.recordings
        same = appointments.c.id == cast(self.appointment, recordings.c.appointment_id.type)
        one_shard = in_places(self.schema, appointments.c.id)
        return self.items.join(appointments, same).where(one_shard)


def locked_as_read(
    schema: Schema, query: Select[Any], recording: Columns, row_key: ColumnElement[Any]
) -> Select[Any]:
    """Lock the recordings of a selection in the `ROW_VERSION` that it reads, with `location`.

    A recording that was written since the statement began, or that others hold, is omitted in this
    pass.
    """
    held = schema.tables.recordings.alias("held")
    same = and_(is_at(held, recording, ROW_VERSION), has_key(schema, held.c, row_key))
    same &= in_places(schema, held.c.appointment_id)
    place = system_columns(held, ROW_LOCATION)
    query = query.add_columns(*place, *_keys(schema, held.c)).join(held, same)
    return query.with_for_update(of=held, skip_locked=True, key_share=True)


def locked_items(schema: Schema, items: Table, mine: ColumnElement[bool]) -> Subquery:
    """Lock the recordings of items; selects both, to be joined to what the recordings rely on.

    The columns of an item have the names of `item_column`. What is joined to the rows that are
    locked may be read from an index alone, what is joined before the lock may not.
    """
    recording = versioned(schema.recordings)
    same = has_key(schema, recording.c, items.c.row_key)
    own = (recording.c[column.key] for column in schema.recordings.c)
    item = (column.label(item_column(schema, column.name)) for column in items.c)
    query = select(*own, *item).select_from(items.join(recording, same)).where(mine)
    return locked_as_read(schema, query, recording.c, items.c.row_key).subquery("recordings")


def item_column(schema: Schema, name: str) -> str:
    """Return the name of a column of an item in `locked_items`."""
    return _unused(schema, "petrec_item_", name)


def _unused(schema: Schema, prefix: str, name: str) -> str:
    """Return a name with a prefix that no column of the recordings has."""
    taken = [column.name for column in schema.tables.recordings.c]
    while any(each.startswith(prefix) for each in taken):
        prefix += "_"
    return f"{prefix}{name}"
