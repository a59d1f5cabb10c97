"""Columns that look like soft deletion, which petrec ignores until it is configured."""

from collections.abc import Iterator, Mapping

from petrec.postgres.catalog import CatalogTable
from petrec.postgres.identifiers import quoted
from petrec.settings import Mapping as NameMapping

_TABLES = ("recordings", "pets", "appointments", "appointment_pets", "visits")
# As frameworks name them, without underscores and capitals: `deletedAt` is `deleted_at`.
_NAMES = frozenset(
    ("deletedat", "deletedon", "datedeleted", "deleteddate", "deletiondate", "deletiontime",
     "deletedtime", "deletedflag", "isdeleted", "deleted", "archivedat", "archivedon",
     "isarchived", "archived", "removedat", "removedon", "isremoved", "removed", "discardedat",
     "trashedat", "istrashed", "voidedat", "isvoided", "voided")
)  # fmt: skip
_CONDITIONS = {"boolean": "{} IS NOT TRUE", "smallint": "{} = 0", "integer": "{} = 0",
               "bigint": "coalesce({}, 0) = 0", "numeric": "coalesce({}, 0) = 0"}  # fmt: skip


def overlooked(mapping: NameMapping, tables: Mapping[str, CatalogTable]) -> Iterator[str]:
    """Return a remark for each such column of a table without a condition."""
    for name in _TABLES:
        if name not in tables or name in mapping.where:
            continue
        for column, found in tables[name].columns.items():
            if column.replace("_", "").lower() in _NAMES:
                shape = _CONDITIONS.get(found.type, "{} IS NULL")
                yield (
                    f"{name}.{column} is not checked; if it marks deleted rows, set "
                    f"[mapping.where] {name} = {_in_toml(shape.format(quoted(column)))}"
                )


def _in_toml(condition: str) -> str:
    """Return the condition as petrec.toml writes it; such a name holds no single quote."""
    return f"'{condition}'" if '"' in condition else f'"{condition}"'
