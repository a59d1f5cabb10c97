"""Whether the process runs, and whether it can serve."""

from typing import Literal

from typing_extensions import TypedDict

from petrec.api.requirements import check_inserts
from petrec.api.service import Service


class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]


def ready(service: Service) -> Health:
    """Ask the database, and whether uploads could be started; errors become 503."""
    schema = service.clinic.schema
    with service.database.reading() as connection:
        check_inserts(connection, schema)
    return {"status": "ok"}
