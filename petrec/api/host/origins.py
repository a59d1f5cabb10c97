"""CORS: which other origins' pages may ask this API from a browser.

A page sends its token itself, so cookies are never allowed.
"""

import re
from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from petrec.api.http.common import CURSOR_HEADER, WITHHELD_HEADER
from petrec.api.http.preconditions import MATCH_HEADER
from petrec.api.http.request_ids import HEADER
from petrec.api.uploads.idempotency import KEY_HEADER
from petrec.errors import SettingsError

# https://www.rfc-editor.org/rfc/rfc6454#section-6.2
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED = ("Authorization", "Content-Type", KEY_HEADER["name"], MATCH_HEADER["name"], HEADER)
# A browser shows a page no other header: https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
_READ = (HEADER, "ETag", "Link", "Retry-After", CURSOR_HEADER, WITHHELD_HEADER)


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins read the answers; errors: SettingsError for what is no origin."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"{origin!r} in [serve] origins is not the origin of a page",
                hint="write scheme, host and port in lower case: https://app.example",
            )
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=_ASKED,
            expose_headers=_READ,
        )
