"""From the Authorization header to the caller; staff are looked up in the users table, if any."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import HTTPBearer
from sqlalchemy import Engine, Select, Text, bindparam, cast, select

from petrec.api.database import Database
from petrec.api.deadline import at_work, taken
from petrec.api.entities import Entity
from petrec.api.host.auth.tokens import Verifier
from petrec.api.http.errors import invalid_token, not_authenticated
from petrec.api.options import IdStyle
from petrec.api.ports import Actor
from petrec.api.service import Clinic, read_clinic
from petrec.schema import Schema
from petrec.settings import Mapping as Names


@dataclass(frozen=True)
class Claims:
    """The names of the claims that identify the caller."""

    user: str = "sub"
    role: str = "role"
    practice: str = "practice_id"
    owner: str = "owner_id"


class Actors:
    """Creates callers. The users table takes precedence over the token, which may be old."""

    def __init__(self, engine: Engine, names: Names, claims: Claims, limit_ms: int = 0) -> None:
        self.database = Database(engine, limit_ms=limit_ms)
        self.names = names
        self.claims = claims
        self._wait_s = limit_ms / 1000
        self._lock = threading.Lock()
        self._clinic: Clinic | None = None

    def actor(self, claims: Mapping[str, Any]) -> Actor:
        """Return the caller; errors: ApiError 401, the database's."""
        said = {
            name: _text(claims, getattr(self.claims, name))
            for name in ("user", "role", "practice", "owner")
        }
        user = said["user"]
        if user is None:
            raise invalid_token()
        owner = said["owner"]
        if owner is not None:
            # An owner's token never has a staff role, even if it claims one.
            return Actor(user, "owner", None, owner)
        clinic = self._known()
        if clinic.schema.users is None:
            return Actor(user, said["role"] or "", said["practice"])
        return self._from_table(clinic, user, said)

    def _from_table(self, clinic: Clinic, user: str, said: dict[str, str | None]) -> Actor:
        ids = clinic.ids
        bare = ids.claim(Entity.USER, user)
        if bare is None:
            raise invalid_token()
        statement = clinic.statements.get(_user)
        with self.database.reading() as connection:
            row = statement.first(connection, {"id": bare})
        if row is None:
            raise invalid_token()
        role = getattr(row, "role", said["role"])
        return Actor(user, role or "", getattr(row, "practice_id", said["practice"]))

    def _known(self) -> Clinic:
        if self._clinic is None:
            with taken(self._lock, self._wait_s):
                if self._clinic is None:
                    schema = self.database.schema(self.names)
                    self._clinic = read_clinic(self.database, schema, IdStyle.TYPED)
        return self._clinic


def _user(schema: Schema) -> Select[Any]:
    """Select the user, with the columns that outweigh a token."""
    users: Any = schema.users
    columns = [cast(users.c[n], Text).label(n) for n in ("role", "practice_id") if n in users.c]
    query: Select[Any] = select(users.c.id, *columns)
    return query.where(users.c.id == bindparam("id"))


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = _at(claims, name)
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise invalid_token()
    return value


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of this name, or else at this path of names: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


# Only for the OpenAPI document: it would use the first of several headers.
_BEARER = HTTPBearer(description="A JSON Web Token", auto_error=False)


def bearer_actor(verifier: Verifier, actors: Actors) -> Callable[..., Actor]:
    """Return a dependency for `build_router(current_actor=...)`."""

    def current_actor(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Actor:
        given = request.headers.getlist("authorization")
        if not given:
            raise not_authenticated()
        scheme, _, token = given[0].partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer" or not token:
            raise invalid_token()
        with at_work():
            return actors.actor(verifier.claims(token))

    return current_actor
