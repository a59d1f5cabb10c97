"""Row locks taken without waiting, and the location of a row by PostgreSQL's system columns."""

from collections.abc import Sequence
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
    literal_column,
    select,
)

from petrec.features.runs.batches.carried import ask
from petrec.features.runs.batches.shard import in_places
from petrec.features.runs.batches.work import RunWork
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


def is_at(table: FromClause, row: Columns, names: Sequence[str]) -> ColumnElement[bool]:
    """Compare system columns with those that were read before."""
    return and_(*(own.element == row[own.name] for own in system_columns(table, names)))


def lock_available(
    connection: Connection,
    work: RunWork,
    run: Run,
    of_appointment: Select[Any],
    page: Sequence[int],
) -> list[int]:
    """Lock by `lock_query`; returns the items whose appointment no other session holds."""
    query = lock_query(work.schema.tables.appointments, of_appointment)
    held = set(ask(connection, work, run, query, page).scalars())
    return [number for number in page if number not in held]


def lock_query(appointments: Table, of_appointment: Select[Any]) -> Select[Any]:
    """Lock the items' appointments; selects the items whose appointment another session holds.

    `of_appointment` selects the numbers of the items, `numbered`, that have a row in
    `appointments`. Items without one need no lock.
    """
    (number,) = of_appointment.selected_columns
    locked = of_appointment.with_for_update(of=appointments, skip_locked=True).cte("locked")
    return of_appointment.where(number.not_in(select(locked)))


def locked_as_read(
    schema: Schema, query: Select[Any], recording: Columns, row_key: ColumnElement[Any]
) -> Select[Any]:
    """Lock the recordings of a selection in the `ROW_VERSION` that it reads, with their location.

    A recording that was written since the statement began, or that others hold, is omitted in this
    pass.
    """
    held = schema.tables.recordings.alias("held")
    same = and_(is_at(held, recording, ROW_VERSION), has_key(schema, held.c, row_key))
    same &= in_places(schema, held.c.appointment_id)
    query = query.add_columns(*system_columns(held, ROW_LOCATION)).join(held, same)
    return query.with_for_update(of=held, skip_locked=True, key_share=True)
