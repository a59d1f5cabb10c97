"""The pets that appointments list, joined to recordings."""

from enum import Enum, auto
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    and_,
    any_,
    case,
    cast,
    distinct,
    false,
    func,
    null,
    or_,
    select,
    true,
)

from petrec.schema import Schema


class Lists(Enum):
    """How a query reads the pets that appointments list.

    EVERY suits a query over the whole table. LACKING is faster, but only for recordings without a
    pet: it makes no other lists. COUNTED suits the whole table, but makes no list and counts what
    would be in it: the kind is known, the certain pet is not. CERTAIN is LACKING, but of the listed
    pets only a single one is looked up: the certain pet is known, the kind is not. PER_ROW suits a
    query over a few recordings, whose links are looked up.
    """

    EVERY = auto()
    LACKING = auto()
    COUNTED = auto()
    CERTAIN = auto()
    PER_ROW = auto()


class Listing(NamedTuple):
    """Recordings joined to the lists of their appointments.

    `asked_for` is whether the pet that was asked for is listed; `pets` is the array of the listed
    pets, NULL if there are none or they are not read, `size` its length, and `known` how many of
    them exist, or None if the pets are not looked up.
    """

    source: FromClause
    asked_for: ColumnElement[bool]
    pets: ColumnElement[Any]
    size: ColumnElement[int]
    known: ColumnElement[int] | None


def join_lists(
    schema: Schema, source: FromClause, lists: Lists, asked: ColumnElement[Any]
) -> Listing:
    """Join the lists to a source of recordings, each of which asks for one pet.

    Each of them stays one row.
    """
    if lists is Lists.COUNTED:
        return _join_counted(schema, source, asked)
    recordings, links = schema.recordings.c, schema.links
    fold: FromClause
    if lists is Lists.PER_ROW:
        mine = links.c.appointment_id == recordings.appointment_id
        fold = _fold(schema).where(mine).correlate(schema.recordings).lateral("fold")
        joined = source.outerjoin(fold, true())
    else:
        known = lists is not Lists.CERTAIN or schema.proofs.link_pets_exist
        folded = _fold(schema, known=known)
        if lists is not Lists.EVERY:
            folded = _of_lacking(schema, folded)
        fold = folded.subquery("fold")
        joined = source.outerjoin(fold, fold.c.appointment_id == recordings.appointment_id)
    pets = fold.c.pets
    return _listing(joined, func.coalesce(asked == any_(pets), false()), pets, fold)


def _of_lacking(schema: Schema, fold: Select[Any]) -> Select[Any]:
    """Limit lists to the appointments of recordings without a pet."""
    lacking = schema.recordings.alias("lacking")
    places = select(lacking.c.appointment_id).where(lacking.c.pet_id.is_(None))
    return fold.where(schema.links.c.appointment_id.in_(places))


def _join_counted(schema: Schema, source: FromClause, asked: ColumnElement[Any]) -> Listing:
    """Join the link of the pet that is asked for, and the counts only where there is no own pet."""
    recordings, proven = schema.recordings.c, schema.proofs.recording_pets_listed
    fold = _of_lacking(schema, _fold(schema, listed=proven)).subquery("fold")
    # A join on NULL reads nothing.
    place = case((recordings.pet_id.is_(None), recordings.appointment_id), else_=null())
    joined = source.outerjoin(fold, fold.c.appointment_id == place)
    if proven:
        own = and_(recordings.pet_id.is_not(None), recordings.appointment_id.is_not(None))
        asked_for = or_(own, func.coalesce(asked == any_(fold.c.pets), false()))
        return _listing(joined, asked_for, fold.c.pets, fold)
    link = _each_once(schema)
    its_own = and_(link.c.appointment_id == recordings.appointment_id, link.c.pet_id == asked)
    joined = joined.outerjoin(link, its_own)
    return _listing(joined, link.c.pet_id.is_not(None), fold.c.pets, fold)


def _listing(
    source: FromClause, asked_for: ColumnElement[bool], pets: ColumnElement[Any], fold: FromClause
) -> Listing:
    known = func.coalesce(fold.c.known, 0) if "known" in fold.c else None
    return Listing(source, asked_for, pets, func.coalesce(fold.c.size, 0), known)


def _each_once(schema: Schema) -> FromClause:
    """Return the links, each pair once, so that a join keeps the number of rows."""
    links = schema.links
    if schema.proofs.links_unique:
        return links.alias("link")
    return select(links.c.appointment_id, links.c.pet_id).distinct().subquery("link")


def _fold(schema: Schema, *, listed: bool = True, known: bool = True) -> Select[Any]:
    """Select for each appointment the array of its pets, or NULL, and how many there are.

    `known` is whether to look up which of them exist.
    """
    links, pets, proofs = schema.links, schema.pets, schema.proofs
    pet = links.c.pet_id if proofs.links_unique else distinct(links.c.pet_id)
    source: FromClause = links
    size: ColumnElement[int] = func.count(pet)
    existing = size
    if known and not proofs.link_pets_exist:
        source = links.outerjoin(pets, pets.c.id == links.c.pet_id)
        existing = func.count(pets.c.id if proofs.links_unique else distinct(pets.c.id))
    array_type = ARRAY(links.c.pet_id.type)
    array = func.array_agg(pet, type_=array_type) if listed else cast(null(), array_type)
    query = select(
        links.c.appointment_id.label("appointment_id"),
        array.label("pets"),
        size.label("size"),
        *((existing.label("known"),) if known else ()),
    )
    query = query.select_from(source).where(links.c.pet_id.is_not(None))
    return query.group_by(links.c.appointment_id)
