"""Health and readiness, open to everyone."""

from fastapi import APIRouter, Response

from petrec.api.host.health import Health, ready
from petrec.api.http.common import add_route, answers, encoded
from petrec.api.service import Service


def add_health(router: APIRouter, service: Service) -> None:
    """Add the probes."""

    async def health() -> Response:
        """Say that the process runs."""
        return encoded({"status": "ok"})

    def readiness() -> Response:
        """Say that the database answers and has the tables that are needed."""
        return encoded(ready(service))

    options = {"methods": ["GET"], "tags": ["health"]}
    add_route(router, "/health", health, responses=answers(ok=Health), **options)
    add_route(router, "/ready", readiness, responses=answers(503, ok=Health), **options)
