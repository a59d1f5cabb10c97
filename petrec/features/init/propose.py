"""The most likely table and column of each logical name; unclear names stay open."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from petrec.features.init.catalog import Found
from petrec.settings import LOGICAL_COLUMNS, OPTIONAL_TABLES, REQUIRED_COLUMNS

# The table that a foreign key of this table and column references.
_REFERENCES = {
    "recordings": {"pet_id": "pets", "appointment_id": "appointments", "visit_id": "visits"},
    "appointment_pets": {"pet_id": "pets", "appointment_id": "appointments"},
    "visits": {"pet_id": "pets", "appointment_id": "appointments"},
}
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass
class Proposal:
    """Logical to physical names, and the open names with their possible candidates."""

    schema: str
    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    open: dict[str, tuple[str, ...]] = field(default_factory=dict)


def propose(
    schemas: Mapping[str, Mapping[str, Found]], schema: str | None, given: Mapping[str, str]
) -> Proposal:
    """Propose a mapping; `given` holds the user's names, by `table` or `table.column`.

    Without `schema`, it is the one with the most of the required tables.
    """
    chosen = schema or max(schemas, key=lambda name: _fit(schemas[name]), default="public")
    found = schemas.get(chosen, {})
    proposal = Proposal(chosen)
    for logical in LOGICAL_COLUMNS:
        if table := given.get(logical) or _by_name(logical, found):
            proposal.tables[logical] = table
    _follow_links(proposal, found)
    for logical in LOGICAL_COLUMNS.keys() - OPTIONAL_TABLES - proposal.tables.keys():
        proposal.open[logical] = tuple(sorted(found.keys() - set(proposal.tables.values())))
    for logical, physical in proposal.tables.items():
        if physical in found:
            _propose_columns(proposal, logical, found[physical], given)
    return proposal


def _fit(tables: Mapping[str, Found]) -> int:
    required = LOGICAL_COLUMNS.keys() - OPTIONAL_TABLES
    return sum(_by_name(name, tables) is not None for name in required)


def _plain(name: str) -> str:
    """Return a name without case, plural and separators: AppointmentPets is appointment_pet."""
    return _NOT_A_LETTER.sub("", name).lower().removesuffix("s")


def _by_name(logical: str, tables: Mapping[str, Found]) -> str | None:
    """Return the table of that name, else the only one that differs just in case and plural."""
    if logical in tables:
        return logical
    alike = [name for name in tables if _plain(name) == _plain(logical)]
    return alike[0] if len(alike) == 1 else None


def _follow_links(proposal: Proposal, tables: Mapping[str, Found]) -> None:
    """Find the tables that appointment_pets joins by its foreign keys, or it by these tables."""
    known = proposal.tables
    ends = {known.get("pets"), known.get("appointments")}
    if "appointment_pets" not in known and None not in ends:
        joining = [name for name, table in tables.items() if set(table.parents.values()) == ends]
        if len(joining) == 1:
            known["appointment_pets"] = joining[0]


def _propose_columns(
    proposal: Proposal, logical: str, table: Found, given: Mapping[str, str]
) -> None:
    for column in sorted(LOGICAL_COLUMNS[logical]):
        physical = given.get(f"{logical}.{column}") or _column(proposal, logical, column, table)
        if physical is None and column in REQUIRED_COLUMNS[logical]:
            proposal.open[f"{logical}.{column}"] = table.columns
        elif physical not in {None, column}:
            proposal.columns.setdefault(logical, {})[column] = str(physical)


def _column(proposal: Proposal, logical: str, column: str, table: Found) -> str | None:
    if column in table.columns:
        return column
    alike = [name for name in table.columns if _plain(name) == _plain(column)]
    candidates = alike or list(_by_key(proposal, logical, column, table))
    return candidates[0] if len(candidates) == 1 else None


def _by_key(proposal: Proposal, logical: str, column: str, table: Found) -> Iterator[str]:
    """Yield the columns whose foreign key references the expected table."""
    parent = proposal.tables.get(_REFERENCES.get(logical, {}).get(column, ""))
    for name, referred in table.parents.items():
        if parent is not None and referred == parent:
            yield name
