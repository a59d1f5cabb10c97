"""Whether the process runs, and whether it can serve."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from petrec.api.requirements import AuthorKey, author_key, check_inserts, check_values
from petrec.api.service import Service


class Health(TypedDict):
    """The process runs; or, asked for readiness, its database answers and fits."""

    status: Literal["ok"]
    remarks: NotRequired[list[Literal["authors_must_be_users"]]]


def ready(service: Service) -> Health:
    """Ask the database, and whether uploads could be recorded; errors become 503."""
    database, schema = service.database, service.clinic.schema
    with database.reading() as connection:
        check_inserts(connection, schema)
    check_values(database, schema)
    if author_key(database, schema, service.mapping) is AuthorKey.REQUIRED:
        # Staff can record: the service is ready, but not for everyone.
        return {"status": "ok", "remarks": ["authors_must_be_users"]}
    return {"status": "ok"}
