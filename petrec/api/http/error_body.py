"""The body of every error."""

from typing import Any

from typing_extensions import TypedDict


class ErrorOut(TypedDict):
    """Why a request was refused."""

    error: str
    error_code: str
    message: str
    details: dict[str, Any]
