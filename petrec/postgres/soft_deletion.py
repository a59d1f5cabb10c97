"""Columns that look like soft deletion, of which petrec knows nothing until it is told."""

from collections.abc import Iterator, Mapping

from petrec.postgres.catalog import CatalogTable
from petrec.settings import Mapping as NameMapping

_TABLES = ("recordings", "pets", "appointments", "appointment_pets", "visits")
_NAMES = ("deleted_at", "is_deleted", "deleted", "archived_at", "is_archived", "archived",
          "removed_at")  # fmt: skip
_CONDITIONS = {"boolean": "{} IS NOT TRUE", "smallint": "{} = 0", "integer": "{} = 0"}


def overlooked(mapping: NameMapping, tables: Mapping[str, CatalogTable]) -> Iterator[str]:
    """Return a remark for each such column of a table without a condition."""
    for name in _TABLES:
        if name not in tables or name in mapping.where:
            continue
        for column in _NAMES:
            if column in tables[name].columns:
                shape = _CONDITIONS.get(tables[name].columns[column].type, "{} IS NULL")
                yield (
                    f"not looked at: {name}.{column}; if it marks deleted rows, set "
                    f'[mapping.where] {name} = "{shape.format(column)}"'
                )
