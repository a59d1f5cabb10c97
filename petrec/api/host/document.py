"""The document of an application with petrec's router, and a page that shows it."""

import copy
import logging
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from petrec.api.entities import Entity
from petrec.api.host.document_page import as_page
from petrec.api.http.fitted import with_ids, with_nulls
from petrec.api.router import ClinicRouter
from petrec.api.service import Clinic
from petrec.api.uploads.idempotency import KEY_HEADER
from petrec.api.uploads.new_ids import makes_own
from petrec.errors import PetrecError

logger = logging.getLogger("petrec.api")

# The page has no script, and loads nothing.
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class ServedDocument:
    """The application's document: written once, when the database can be asked about its ids."""

    def __init__(self, app: FastAPI, router: ClinicRouter) -> None:
        self._app = app
        self._router = router
        self._fitted: dict[str, Any] | None = None

    def read(self) -> dict[str, Any]:
        """Return the document; while the database is down its ids are those of the examples."""
        if self._fitted is None:
            plain = with_nulls(copy.deepcopy(self._app.openapi()), self._router)
            try:
                self._fitted = _fitted(plain, self._router.service.clinic)
            except (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, PetrecError) as error:
                logger.warning("The document shows ids as uuids: %s", type(error).__name__)
                return plain
        return self._fitted


def _fitted(document: dict[str, Any], clinic: Clinic) -> dict[str, Any]:
    """Return the document with the database's ids, and with keys where they make ids."""
    found: dict[str, Any] = with_ids(document, clinic.ids)
    if makes_own(clinic, Entity.RECORDING):
        return found
    for operations in found["paths"].values():
        for operation in operations.values():
            given = operation.get("parameters", [])
            operation["parameters"] = [one for one in given if one["name"] != KEY_HEADER["name"]]
    return found


def add_document(
    app: FastAPI, router: ClinicRouter, *, path: str = "/openapi.json", page: str | None = None
) -> None:
    """Serve the document at `path`, and the page that shows it at `page`.

    The application is created with `FastAPI(openapi_url=None)`, and no route needs a token.
    """
    served = ServedDocument(app, router)

    def document(_: Request) -> Response:
        return JSONResponse(served.read())

    def shown(_: Request) -> Response:
        return HTMLResponse(as_page(served.read()), headers=_POLICY)

    app.add_route(path, document, include_in_schema=False)
    if page is not None:
        app.add_route(page, shown, include_in_schema=False)
