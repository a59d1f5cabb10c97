"""The host's limit on the rate of requests: asked before the caller is known, and after."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from petrec.api.http.errors import ApiError, ErrorOut
from petrec.api.ports import Actor

ANSWER: dict[int | str, dict[str, Any]] = {
    429: {
        "model": ErrorOut,
        "description": "Too many requests",
        "headers": {
            "Retry-After": {
                "description": "Seconds until the next request may succeed",
                "schema": {"type": "integer"},
            }
        },
    }
}


_LONGEST_S = 86_400


class RateLimit(Protocol):
    """Decides how long a caller has to wait."""

    async def __call__(self, request: Request, actor: Actor | None) -> float | None:
        """Return the seconds to wait, None or 0 to continue.

        It is asked twice: without the actor, before a token is checked, and with it.
        """


def check_strangers(limit: RateLimit) -> Any:
    """Return the dependency that is asked first."""

    async def check(request: Request) -> None:
        _refuse(await limit(request, None))

    return Depends(check)


def limited_actor(current_actor: Callable[..., Any], limit: RateLimit) -> Callable[..., Any]:
    """Return the host's dependency, with the limit for the caller that it finds."""

    async def limited(
        request: Request, actor: Annotated[Actor | None, Depends(current_actor)]
    ) -> Actor | None:
        if actor is not None:
            request.state.petrec_user = actor.user_id
            _refuse(await limit(request, actor))
        return actor

    return limited


def _refuse(wait_s: float | None) -> None:
    """Refuse the request if there is a time to wait; errors: ApiError."""
    if wait_s is None or not wait_s > 0:
        return
    seconds = str(max(1, math.ceil(min(wait_s, _LONGEST_S))))
    message = "Too many requests; try again later"
    raise ApiError(429, "rate_limited", message, headers={"Retry-After": seconds})
