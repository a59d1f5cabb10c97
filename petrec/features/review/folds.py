"""The surroundings of a recording, grouped to one row per appointment, owner or day.

Each fold is read once and joined by hash: a million cases need no query of their own. For a few
cases it is limited to their `keys`, so that its groups do not grow with the tables. A list that is
too long is NULL, so that the work for a case does not grow with the list.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, any_, case, cast, distinct, func, select
from sqlalchemy.sql.selectable import Subquery

from petrec.features.review.asked import Keys, is_among
from petrec.features.review.clock import Clock
from petrec.features.review.context import pet_details
from petrec.schema import Schema, as_parent_writes, is_moment
from petrec.schema.people import name_of, owner_of

# Longer lists do not help with one recording; the case is then open to other pets.
MOST_PETS_OF_AN_OWNER = 50
MOST_PETS_OF_AN_APPOINTMENT = 300
MOST_PETS_OF_A_DAY = 300
MOST_APPOINTMENTS_OF_A_DAY = 30


def as_text(table: Any, column: str, default: str | None = "") -> ColumnElement[Any]:
    """Return a column as text; the default if it is NULL or missing."""
    if column not in table.c:
        return cast(default, Text)
    return (
        func.coalesce(cast(table.c[column], Text), default)
        if default is not None
        else cast(table.c[column], Text)
    )


def pet_json(schema: Schema, pets: Any) -> ColumnElement[Any]:
    """Return a row of pets as `observed.SeenPet`."""
    details = list(pet_details(pets))
    return func.json_build_object(
        "id", cast(pets.c.id, Text),
        "name", as_text(pets, "name"),
        "details", func.concat_ws(", ", *details) if details else "",
        "owner", owner_of(schema, pets, "owner_id"),
        "owner_name", name_of(schema.pet_owners, pets.c.get("owner_id")),
    )  # fmt: skip


def listed(schema: Schema, name: str, keys: Keys = None) -> Subquery:
    """Group an appointment's pets: those that exist as JSON, the ids of all, and their number.

    `existing` are the ids of those that exist, as an array.
    """
    links, pets = schema.links, schema.pets
    exists = pets.c.id.is_not(None)
    few = func.count() <= MOST_PETS_OF_AN_APPOINTMENT
    known = func.json_agg(pet_json(schema, pets)).filter(exists)
    return (
        select(
            links.c.appointment_id.label("appointment_id"),
            case((few, known)).label("pets"),
            case((few, func.json_agg(as_parent_writes(pets.c.id, links.c.pet_id)))).label("linked"),
            case((few, func.array_agg(pets.c.id).filter(exists))).label("existing"),
            func.count().label("size"),
        )
        .select_from(links.outerjoin(pets, pets.c.id == links.c.pet_id))
        .where(links.c.pet_id.is_not(None), is_among(links.c.appointment_id, keys))
        .group_by(links.c.appointment_id)
        .subquery(name)
    )


def among(pets: ColumnElement[Any], wanted: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the wanted ones that are among the pets, as JSON: compared by type, not as texts."""
    pet = func.unnest(wanted).column_valued("wanted_pet")
    return select(func.json_agg(cast(pet, Text))).where(pet == any_(pets)).scalar_subquery()


def members(links: FromClause, name: str, keys: Keys = None) -> Subquery:
    """Group the ids of an appointment's pets as an array, to look one up."""
    return (
        select(
            links.c.appointment_id.label("appointment_id"),
            func.array_agg(links.c.pet_id).label("ids"),
        )
        .where(links.c.pet_id.is_not(None), is_among(links.c.appointment_id, keys))
        .group_by(links.c.appointment_id)
        .subquery(name)
    )


def recorded(schema: Schema, keys: Keys = None) -> Subquery:
    """Group the pets that an appointment's recordings have, as an array."""
    recordings = schema.recordings.alias("siblings")
    pets = distinct(recordings.c.pet_id)
    few = func.count(pets) <= MOST_PETS_OF_AN_APPOINTMENT
    return (
        select(
            recordings.c.appointment_id.label("appointment_id"),
            case((few, func.array_agg(pets))).label("pets"),
        )
        .where(recordings.c.pet_id.is_not(None), recordings.c.appointment_id.is_not(None))
        .where(is_among(recordings.c.appointment_id, keys))
        .group_by(recordings.c.appointment_id)
        .subquery("recorded")
    )


def owned(schema: Schema, keys: Keys = None) -> Subquery | None:
    """Group the pets of each owner."""
    pets = schema.pets.alias("owned_pets")
    if "owner_id" not in pets.c:
        return None
    few = func.count() <= MOST_PETS_OF_AN_OWNER
    value = case((few, func.json_agg(pet_json(schema, pets))))
    return (
        select(
            pets.c.owner_id.label("owner_id"),
            case((few, func.array_agg(pets.c.id))).label("ids"),
            func.json_build_object("size", func.count(), "pets", value).label("owned"),
        )
        .where(is_among(pets.c.owner_id, keys))
        .group_by(pets.c.owner_id)
        .subquery("owned")
    )


def elsewhere(schema: Schema, name: str, clock: Clock, keys: Keys = None) -> Subquery | None:
    """Group the appointments of each pet and day."""
    if not has_day(schema.appointments, "appointment_date"):
        return None
    links, appointments = schema.links, schema.appointments
    day = clock.day(appointments.c.appointment_date)
    return (
        select(
            links.c.pet_id.label("pet_id"),
            day.label("day"),
            func.json_agg(_place(schema, clock)).label("places"),
        )
        .join_from(links, appointments, appointments.c.id == links.c.appointment_id)
        .where(is_among(links.c.pet_id, keys))
        .group_by(links.c.pet_id, day)
        .having(func.count() <= MOST_APPOINTMENTS_OF_A_DAY)
        .subquery(name)
    )


def around(schema: Schema, clock: Clock, *, by_vet: bool, keys: Keys = None) -> Subquery | None:
    """Group the appointments of each day, or of each day and vet, with their pets."""
    appointments = schema.appointments
    if not has_day(appointments, "appointment_date"):
        return None
    day = clock.day(appointments.c.appointment_date)
    pets = listed(schema, "listed_around", _on_days(schema, clock, keys))
    parts: dict[str, ColumnElement[Any]] = {"day": day}
    if by_vet:
        parts["vet"] = appointments.c.assigned_vet_user_id
    return (
        select(
            *(key.label(name) for name, key in parts.items()),
            func.json_agg(_place(schema, clock, pets.c.pets)).label("places"),
        )
        .join_from(appointments, pets, pets.c.appointment_id == appointments.c.id)
        .where(is_among(day, keys))
        .group_by(*parts.values())
        .having(
            func.count() <= MOST_APPOINTMENTS_OF_A_DAY,
            func.sum(pets.c.size) <= MOST_PETS_OF_A_DAY,
        )
        .subquery("same_vet" if by_vet else "around")
    )


def _on_days(schema: Schema, clock: Clock, days: Keys) -> Keys:
    """Select the appointments of some days; None for all."""
    if days is None:
        return None
    places = schema.appointments.alias("places")
    return select(places.c.id).where(is_among(clock.day(places.c.appointment_date), days))


def knows_vets(schema: Schema) -> bool:
    """Return whether recordings and appointments name the vet, by ids of one type."""
    mine = schema.recordings.c.get("recorded_by_user_id")
    theirs = schema.appointments.c.get("assigned_vet_user_id")
    return mine is not None and theirs is not None and str(mine.type) == str(theirs.type)


def has_day(table: FromClause, column: str) -> bool:
    """Return whether a column exists and is a date or timestamp."""
    return column in table.c and is_moment(table.c[column])


def _place(
    schema: Schema, clock: Clock, pets: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    appointments = schema.appointments
    date = appointments.c.get("appointment_date")
    parts: list[Any] = [
        "id", cast(appointments.c.id, Text),
        "date", func.coalesce(clock.text(date), "") if date is not None else "",
        "title", as_text(appointments, "title"),
    ]  # fmt: skip
    if pets is not None:
        parts += ["pets", func.coalesce(pets, func.json_build_array())]
    return func.json_build_object(*parts)
