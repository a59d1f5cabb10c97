"""Pets added to appointments by a change, journaled with it, and removed by its undo."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    Alias,
    ColumnElement,
    Connection,
    Exists,
    FromClause,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from petrec.features.runs.batches.items import numbered, numbers_of
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.journal.tables import changes, link_changes
from petrec.features.runs.run import LinkAction, Run
from petrec.schema import Schema, written_as

_Columns = ReadOnlyColumnCollection[str, Any]
_JOURNALED = ["run_id", "seq", "appointment_id", "pet_id", "action"]


def linked_values(recording: _Columns, fresh: _Columns) -> tuple[ColumnElement[Any], ...]:
    """Return the columns about the pets that an update needs in appointments."""
    return (
        fresh.links,
        recording.appointment_id.label("linked_appointment"),
        recording.pet_id.label("linked_pet"),
    )


def add_links(schema: Schema, run: Run, changed: CTE) -> tuple[CTE, ...]:
    """Add the missing pets of the changes and journal every one that was needed.

    Part of the statement that updates the recordings, so that a foreign key from recordings to
    appointment_pets, which is checked at its end, finds both.
    """
    links, table = schema.links, schema.tables.links
    pair = (changed.c.linked_appointment, changed.c.linked_pet)
    present = exists(
        select(1).where(links.c.appointment_id == pair[0], links.c.pet_id == pair[1])
    ).correlate(changed)
    # A pet that a trigger wrote instead of the planned one is not added anywhere.
    needed = and_(changed.c.links, changed.c.as_planned)
    missing = select(*pair).distinct().where(needed, ~present)
    added = insert(table).from_select([table.c.appointment_id, table.c.pet_id], missing)
    as_text = (cast(value, Text) for value in pair)
    action = case((present, LinkAction.PRESENT), else_=LinkAction.ADDED)
    rows = select(literal(run.id), changed.c.seq, *as_text, action).where(needed)
    journaled = insert(link_changes).from_select(_JOURNALED, rows)
    return added.cte("linked"), journaled.cte("links_journaled")


def remove_links(
    connection: Connection, schema: Schema, run: Run, ready: Sequence[int], undos: Sequence[int]
) -> None:
    """Remove the pets that the undone run had added, unless something relies on them now.

    `undos` are all runs that undo it: recordings that they have restored no longer need the pet.
    """
    links = written_as(schema.tables.links, "taken")
    pairs = _restored(schema, run).cte("pairs")
    appointment = cast(pairs.c.appointment_id, links.c.appointment_id.type)
    pet = cast(pairs.c.pet_id, links.c.pet_id.type)
    removed = (
        delete(links)
        .where(links.c.appointment_id == appointment, links.c.pet_id == pet)
        .where(*(~used for used in _users(schema, links, undos)))
        .returning(pairs.c.seq, pairs.c.appointment_id, pairs.c.pet_id)
        .cte("removed")
    )
    rows = select(literal(run.id), *removed.c, literal(LinkAction.REMOVED))
    connection.execute(insert(link_changes).from_select(_JOURNALED, rows), numbers_of(ready))


def _restored(schema: Schema, run: Run) -> Any:
    """Select the pairs that the batch's restored changes needed and the undone run had added."""
    mine, added = link_changes.alias("mine"), link_changes.alias("added")
    pair = [schema.tables.links.c[name] for name in ("appointment_id", "pet_id")]
    same = and_(
        added.c.run_id == run.undoes,
        added.c.action == LinkAction.ADDED,
        *(cast(added.c[c.key], c.type) == cast(mine.c[c.key], c.type) for c in pair),
    )
    restored = exists().where(changes.c.run_id == run.id, changes.c.seq == mine.c.seq)
    return (
        select(func.min(mine.c.seq).label("seq"), mine.c.appointment_id, mine.c.pet_id)
        .where(numbered(mine, mine.c.run_id == run.undoes))
        .where(exists().where(same).correlate(mine), restored.correlate(mine))
        .group_by(mine.c.appointment_id, mine.c.pet_id)
    )


def _users(schema: Schema, links: Alias[Any], undos: Sequence[int]) -> list[ColumnElement[bool]]:
    """Return what still relies on a pet in an appointment: recordings and visits."""
    recordings = schema.tables.recordings.alias("relying")
    restored = exists().where(
        changes.c.run_id.in_(undos), changes.c.row_key == key_of(schema, recordings.c)
    )
    users = [_holding(links, recordings).where(~restored.correlate(recordings))]
    visits = schema.tables.visits
    if schema.visits is not None and visits is not None and "appointment_id" in visits.c:
        users.append(_holding(links, visits.alias("relying")))
    return [user.correlate(links) for user in users]


def _holding(links: Alias[Any], table: FromClause) -> Exists:
    """Look for rows of a table that name a link's appointment and pet."""
    return exists().where(
        table.c.appointment_id == links.c.appointment_id, table.c.pet_id == links.c.pet_id
    )
