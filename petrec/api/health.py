"""Whether the process runs, and whether it can serve."""

from typing import Literal

from sqlalchemy import text
from typing_extensions import TypedDict

from petrec.api.service import Service

_PING = text("SELECT 1")


class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]


def ready(service: Service) -> Health:
    """Ask the database; errors: those of the database, which become 503."""
    _ = service.clinic
    with service.reader.connect() as connection:
        connection.execute(_PING)
    return {"status": "ok"}
