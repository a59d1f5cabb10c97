"""The body of an initiation as one router knows it: with its own lists of what is allowed."""

from typing import Any, Literal

from pydantic import create_model

from petrec.api.options import Options
from petrec.api.uploads.wire import InitiateIn


def initiate_body(options: Options) -> type[InitiateIn]:
    """Return the body's type for the options, so that the documents list what is allowed."""
    choices: Any = {
        "recording_type": (_one_of(*options.recording_types), ...),
        "content_type": (_one_of(*options.content_types), ...),
    }
    return create_model("InitiateIn", __base__=InitiateIn, __doc__=InitiateIn.__doc__, **choices)


def _one_of(*values: str) -> Any:
    return Literal[values]
