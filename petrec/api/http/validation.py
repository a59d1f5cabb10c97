"""From pydantic's findings to the envelope, without the values that it would repeat."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

from petrec.api.http.errors import ApiError, invalid, missing_pet

_PROBLEMS = {
    "missing": "is required",
    "json_invalid": "is not valid JSON",
    "model_attributes_type": "must be an object",
    "string_type": "must be a string",
    "string_pattern_mismatch": "has characters that are not allowed",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
}
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length")


def from_validation(error: RequestValidationError, what: str) -> ApiError:
    """Return the first finding as an error; a missing pet has a code of its own.

    `what` are the things that need a pet, for the message.
    """
    findings = error.errors()
    for finding in findings:
        if _field(finding) == "pet_id" and _is_absent(finding):
            return missing_pet(what)
    return _from_finding(findings[0])


def _is_absent(finding: Mapping[str, Any]) -> bool:
    return finding["loc"][0] == "body" and (
        finding["type"] in {"missing", "string_too_short"} or finding.get("input") is None
    )


def _from_finding(finding: Mapping[str, Any]) -> ApiError:
    field, context = _field(finding), finding.get("ctx") or {}
    if finding["type"] == "literal_error":
        details = {"field": field, "expected": context["expected"]}
        message = f"{field} is not one of those allowed"
        return ApiError(400, f"invalid_{field}", message, details)
    limits = {k: v for k, v in context.items() if k in _LIMITS and isinstance(v, int | float)}
    return invalid(field, _PROBLEMS.get(finding["type"], "is not valid"), **limits)


def _field(finding: Mapping[str, Any]) -> str:
    """Return the field's path, without the client's own names inside free-form objects."""
    location = finding["loc"]
    if len(location) > 1 and isinstance(location[1], str):
        return location[1]
    return str(location[0])
