"""Checks of a mapping for contradictions, before the database is read."""

from collections.abc import Iterator
from itertools import combinations

from petrec.errors import SchemaMismatchError
from petrec.settings import LOGICAL_COLUMNS, OPTIONAL_TABLES, REQUIRED_COLUMNS, Mapping

# Pairs of tables that may be the same: an appointment with its only pet, or a visit.
_SHARED = ({"appointments", "appointment_pets"}, {"appointments", "visits"},
           {"appointment_pets", "visits"})  # fmt: skip


def check_names(mapping: Mapping) -> None:
    """Check that no table or column has two meanings; errors: SchemaMismatchError."""
    _check_tables(mapping)
    for table in LOGICAL_COLUMNS:
        _check_columns(mapping, table)


def _check_tables(mapping: Mapping) -> None:
    used = [name for name in LOGICAL_COLUMNS if name not in mapping.ignore]
    for one, other in combinations(used, 2):
        same = mapping.table(one) == mapping.table(other)
        if same and {one, other} not in _SHARED:
            optional = other if other in OPTIONAL_TABLES else one
            raise SchemaMismatchError(
                f"{one} and {other} are both mapped to table {mapping.table(one)!r}",
                hint=f"name another table under [mapping.tables], "
                f'or ignore one: [mapping] ignore = ["{optional}"]',
            )


def _check_columns(mapping: Mapping, table: str) -> None:
    """Check that two required or configured columns differ; a default name gives way."""
    named = sorted(REQUIRED_COLUMNS[table] | mapping.columns.get(table, {}).keys())
    for one, other in combinations(named, 2):
        if mapping.column(table, one) == mapping.column(table, other):
            raise SchemaMismatchError(
                f"{table}.{one} and {table}.{other} are both mapped to column "
                f"{mapping.column(table, one)!r}",
                hint=f"name another column under [mapping.columns.{table}]",
            )
    for logical in mapping.columns.get(table, {}):
        if f"{table}.{logical}" in mapping.ignore:
            raise SchemaMismatchError(
                f"{table}.{logical} is both mapped and ignored",
                hint=f"remove it from [mapping] ignore or from [mapping.columns.{table}]",
            )


def shadowed(mapping: Mapping, table: str) -> Iterator[tuple[str, str]]:
    """Return the optional columns whose default name another one is configured to use."""
    configured = mapping.columns.get(table, {})
    by_physical = {mapping.column(table, c): c for c in REQUIRED_COLUMNS[table]}
    by_physical |= {physical: logical for logical, physical in configured.items()}
    for logical in sorted(LOGICAL_COLUMNS[table] - configured.keys() - REQUIRED_COLUMNS[table]):
        if logical in by_physical:
            yield logical, by_physical[logical]
