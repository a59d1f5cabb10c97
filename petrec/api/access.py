"""Who may see and write what, as SQL: every query carries the caller's predicates."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    false,
    or_,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from petrec.api.entities import alike
from petrec.api.ports import Actor
from petrec.errors import SchemaMismatchError
from petrec.schema import Schema

logger = logging.getLogger("petrec.api")

Columns = ReadOnlyColumnCollection[str, Any]
Predicate = Callable[[Columns], ColumnElement[bool]]

USER: ColumnElement[Any] = bindparam("actor_user")
OWNER: ColumnElement[Any] = bindparam("actor_owner")
PRACTICE: ColumnElement[Any] = bindparam("actor_practice")


@dataclass(frozen=True, eq=False)
class Scope:
    """What a group of callers may reach; each predicate takes the columns of its table.

    Scopes with one key are one scope, for which statements are kept; callers differ in the bound
    values USER, OWNER and PRACTICE. `recordings` None: a recording is visible where its pet is.
    `completes` narrows these to uploads that the caller may complete; `corrects`: may set a pet.
    `pets_by_appointment` is whether a visible appointment shows its pets,
    `recordings_by_appointment` whether exactly its recordings are visible, of those that have one.
    """

    key: str
    pets: Predicate
    appointments: Predicate
    visits: Predicate
    recordings: Predicate | None
    completes: Predicate
    writes_visits: bool = False
    corrects: bool = False
    everything: bool = False
    pets_by_appointment: bool = False
    recordings_by_appointment: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class AccessPolicy(Protocol):
    """Decides the scope of a caller."""

    def scope(self, schema: Schema, actor: Actor) -> Scope:
        """Return what the caller may reach; errors: SchemaMismatchError."""


@dataclass(frozen=True)
class ClinicPolicy:
    """Owners see their pets, staff their practice's appointments.

    Callers whose role is one of `global_roles` reach every practice; by default there is none, as
    a role such as `admin` is a practice's own in most databases.
    """

    global_roles: frozenset[str] = frozenset()

    def scope(self, schema: Schema, actor: Actor) -> Scope:
        """Choose by role, then by what the caller belongs to."""
        if actor.role in self.global_roles:
            return everything()
        if actor.owner_id is not None:
            return owner(schema)
        if actor.practice_id is not None:
            return staff(schema)
        return nothing()


@cache
def everything() -> Scope:
    """Return the scope of a role that reaches every practice."""
    every = (_all, _all, _all, _all, _all)
    return Scope("everything", *every, writes_visits=True, corrects=True, everything=True)


@cache
def nothing() -> Scope:
    """Return the scope of a caller who belongs nowhere."""
    return Scope("nothing", _none, _none, _none, _none, _none)


@cache
def owner(schema: Schema) -> Scope:
    """Return the scope of a pet owner."""
    pets = schema.pets.alias("owned_pet")
    _check_owners(schema)

    def owned(c: Columns) -> ColumnElement[bool]:
        return column(c, "pets", "owner_id") == OWNER

    def completed(c: Columns) -> ColumnElement[bool]:
        """Return no recording: an owner who is not in the users table cannot be an author."""
        author = column(c, "recordings", "recorded_by_user_id")
        return or_(author == USER, author.is_(None))

    return Scope(
        "owner",
        pets=owned,
        appointments=lambda c: column(c, "appointments", "pet_owner_id") == OWNER,
        visits=lambda c: exists().where(pets.c.id == c.pet_id, owned(pets.c)),
        recordings=None,
        completes=completed,
    )


@cache
def staff(schema: Schema) -> Scope:
    """Return the scope of a practice's staff: by appointment, or without one by author."""
    appointments = schema.appointments.alias("own_appointment")
    links = schema.links.alias("own_link")

    def practised(c: Columns) -> ColumnElement[bool]:
        return column(c, "appointments", "practice_id") == PRACTICE

    def in_appointment(c: Columns) -> ColumnElement[bool]:
        return exists().where(appointments.c.id == c.appointment_id, practised(appointments.c))

    def placed(c: Columns, author: str) -> ColumnElement[bool]:
        return _placed(schema, c, author, in_appointment)

    return Scope(
        "staff",
        pets=lambda c: exists().where(
            links.c.pet_id == c.id,
            appointments.c.id == links.c.appointment_id,
            practised(appointments.c),
        ),
        appointments=practised,
        visits=lambda c: placed(c, "created_by"),
        recordings=lambda c: placed(c, "recorded_by_user_id"),
        completes=_all,
        writes_visits=True,
        corrects=True,
        pets_by_appointment=True,
        recordings_by_appointment=True,
    )


def _placed(
    schema: Schema, c: Columns, author: str, in_appointment: Predicate
) -> ColumnElement[bool]:
    users = schema.users
    by_author: ColumnElement[bool] = false()
    if users is not None and author in c and _knows_practices(schema, users, c[author]):
        mine = users.alias("own_user")
        by_author = exists().where(mine.c.id == c[author], mine.c.practice_id == PRACTICE)
    if "appointment_id" not in c:
        return by_author
    return or_(in_appointment(c), and_(c.appointment_id.is_(None), by_author))


def _knows_practices(schema: Schema, users: FromClause, author: ColumnElement[Any]) -> bool:
    """Return whether the users table has the practice of a row's author."""
    if "practice_id" not in users.c:
        return False
    practice = column(schema.appointments.c, "appointments", "practice_id")
    pairs = ((users.c.id, author), (users.c.practice_id, practice))
    unlike = [pair for pair in pairs if not alike(*pair)]
    for one, other in unlike:
        logger.warning(
            "Rows without an appointment are hidden from staff: users.%s is %s, %s is %s",
            one.key, one.type, other.key, other.type,
        )  # fmt: skip
    return not unlike


def _check_owners(schema: Schema) -> None:
    mine, theirs = schema.pets.c.get("owner_id"), schema.appointments.c.get("pet_owner_id")
    if mine is None or theirs is None or alike(mine, theirs):
        return
    raise SchemaMismatchError(
        f"owners are not checked: pets.owner_id is {mine.type}, "
        f"appointments.pet_owner_id is {theirs.type}",
        hint="give both columns the same type, or pass build_router a policy of your own",
    )


def column(c: Columns, table: str, name: str) -> Column[Any]:
    """Return a column that the policy requires; errors: SchemaMismatchError."""
    if name not in c:
        raise SchemaMismatchError(
            f"the access policy needs {table}.{name}",
            hint="map it in petrec.toml, or pass build_router a policy of your own",
        )
    found: Column[Any] = c[name]
    return found


def _all(_: Columns) -> ColumnElement[bool]:
    return true()


def _none(_: Columns) -> ColumnElement[bool]:
    return false()
