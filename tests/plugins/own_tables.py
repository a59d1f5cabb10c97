"""petrec's own tables in a database, beside those that the code expects."""

from collections.abc import Iterable
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

# The comments are for readers of the database; the code does not know them.
_COMMENTS = {"modify_comment", "remove_table_comment"}


def differences(connection: Connection, expected: MetaData | Iterable[MetaData]) -> list[Any]:
    """Return what a migration would have to change, but for comments."""
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == "petrec",
        "version_table_schema": "petrec",
        "compare_type": True,
        "compare_server_default": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    several: Any = expected
    found = compare_metadata(context, several)
    changes = [change for each in found for change in (each if isinstance(each, list) else [each])]
    return [change for change in changes if change[0] not in _COMMENTS]
