"""The dependency that reads the Authorization header."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import HTTPBearer

from petrec.api.host.auth.actors import Actors
from petrec.api.host.auth.tokens import Verifier, unauthorized
from petrec.api.ports import Actor

# For the OpenAPI document alone: it would take the first of several headers.
_BEARER = HTTPBearer(description="A JSON Web Token", auto_error=False)


def bearer_actor(verifier: Verifier, actors: Actors) -> Callable[..., Actor]:
    """Return a dependency for `build_router(current_actor=...)`."""

    def current_actor(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Actor:
        given = request.headers.getlist("authorization")
        if not given:
            raise unauthorized("not_authenticated")
        scheme, _, token = given[0].partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer" or not token:
            raise unauthorized()
        return actors.actor(verifier.claims(token))

    return current_actor
