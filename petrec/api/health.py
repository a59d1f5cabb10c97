"""Whether the process runs, and whether it can serve."""

from typing import Literal

from typing_extensions import TypedDict

from petrec.api.service import Service


class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]


def ready(service: Service) -> Health:
    """Ask the database; errors: those of the database, which become 503."""
    _ = service.clinic
    with service.database.reading() as connection:
        connection.execute("SELECT 1")
    return {"status": "ok"}
