"""All reasons to refuse a request: status, code, and the body of every error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Response
from typing_extensions import TypedDict

from petrec.api.entities import Entity
from petrec.api.http.wire_fields import answered
from petrec.errors import PetrecError


@answered
class ErrorOut(TypedDict):
    """Why a request was refused."""

    error: str
    error_code: str
    message: str
    details: dict[str, Any]


_FAMILIES = {
    400: "validation_error",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    503: "service_unavailable",
    504: "gateway_timeout",
}


class ApiError(PetrecError):
    """The request was refused."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the error as the client sees it."""
        body = {
            "error": _family(self.status),
            "error_code": self.code,
            "message": self.reason,
            "details": self.details,
        }
        return Response(
            msgspec.json.encode(body),
            self.status,
            # What one caller may see is not for a cache that others use.
            headers={"Cache-Control": "no-store", **self.headers},
            media_type="application/json",
        )


def _family(status: int) -> str:
    if status in _FAMILIES:
        return _FAMILIES[status]
    return phrase_code(status) if status < 500 else "internal_error"


def phrase_code(status: int) -> str:
    """Return a status as a code, such as `method_not_allowed`."""
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return f"status_{status}"


def not_found(entity: Entity) -> ApiError:
    """Return the same error for a missing row and for one that the caller may not see."""
    return ApiError(404, f"{entity.word}_not_found", f"{entity.word.capitalize()} not found")


def invalid_id(field: str, expected: str) -> ApiError:
    """Return that an id has a wrong prefix or shape."""
    details = {"field": field, "expected": expected}
    return ApiError(400, "invalid_id", f"{field} is not a valid id", details)


def invalid(field: str, problem: str, **details: Any) -> ApiError:
    """Return what is wrong with a field, without repeating its value."""
    details = {"field": field, "problem": problem, **details}
    return ApiError(400, "invalid_request", f"{field}: {problem}", details)


def missing_pet(what: str) -> ApiError:
    """Return that the pet is missing."""
    details = {"field": "pet_id", "required": True}
    return ApiError(400, "missing_pet_id", f"pet_id is required for all {what}", details)


def denied(message: str) -> ApiError:
    """Refuse access to something that the caller may see but not use."""
    return ApiError(403, "access_denied", message)


def conflict(code: str, message: str, **details: Any) -> ApiError:
    """Refuse a request that does not fit the current state."""
    return ApiError(409, code, message, details)


def not_authenticated() -> ApiError:
    """Ask for a token; without one the challenge names no error (RFC 6750, 3.1)."""
    challenge = {"WWW-Authenticate": "Bearer"}
    return ApiError(401, "not_authenticated", "Not authenticated", headers=challenge)


def invalid_token() -> ApiError:
    """Refuse a token without the cause, which would help to forge one."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return ApiError(401, "invalid_token", "The token is not valid", headers=challenge)


def internal() -> ApiError:
    """Return an internal error without details."""
    return ApiError(500, "internal_error", "Something went wrong here")


def unavailable(code: str, message: str) -> ApiError:
    """Ask to try again later."""
    return ApiError(503, code, message, headers={"Retry-After": "1"})


def no_outbox() -> ApiError:
    """Return that no event can be written, so that no upload can be completed."""
    message = "There is no outbox that this role may write to, or it is of an older version"
    return unavailable("no_outbox", message)


def time_exceeded(limit_s: float) -> ApiError:
    """Return that the time of a request is over; what it wrote is rolled back, or unknown."""
    details = {"limit_s": limit_s}
    message = "The request took too long; it may be tried again"
    return ApiError(504, "time_exceeded", message, details, headers={"Retry-After": "1"})
