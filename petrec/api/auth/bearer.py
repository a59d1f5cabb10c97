"""The dependency that reads the Authorization header."""

from collections.abc import Callable

from fastapi import Request

from petrec.api.auth.actors import Actors
from petrec.api.auth.tokens import Verifier, unauthorized
from petrec.api.ports import Actor


def bearer_actor(verifier: Verifier, actors: Actors) -> Callable[[Request], Actor]:
    """Return a dependency for `build_router(current_actor=...)`."""

    def current_actor(request: Request) -> Actor:
        given = request.headers.getlist("authorization")
        if not given:
            raise unauthorized("not_authenticated")
        scheme, _, token = given[0].partition(" ")
        if len(given) != 1 or scheme.lower() != "bearer" or not token:
            raise unauthorized()
        return actors.actor(verifier.claims(token))

    return current_actor
