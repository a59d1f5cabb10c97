"""Which mapped tables and columns exist and are usable; nothing is ignored silently.

An unreadable object is an error if it could change a count of findings or a write. If it only makes
an output poorer, it is ignored with a remark. An absent object needs no remark.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace

from petrec.errors import SchemaMismatchError
from petrec.postgres.catalog import CatalogTable
from petrec.postgres.missing import Missing
from petrec.postgres.names import shadowed
from petrec.settings import (
    EVIDENCE,
    LOGICAL_COLUMNS,
    NAMES_ONLY,
    OPTIONAL_COLUMNS,
    OPTIONAL_TABLES,
    REQUIRED_COLUMNS,
    Mapping,
)

_EVIDENCE = (("recordings", "visit_id", "visits"), ("visits", "appointment_id", "appointments"))


@dataclass
class TablePresence:
    """The tables that petrec reads, by logical name, and remarks on what it ignores.

    `makes_visits` allows configured visits and references to them that do not exist yet.
    """

    mapping: Mapping
    missing: Missing
    makes_visits: bool = False
    tables: dict[str, CatalogTable] = field(default_factory=dict)
    evidence: frozenset[str] = EVIDENCE
    remarks: list[str] = field(default_factory=list)

    def read(self, found: MappingType[str, CatalogTable]) -> None:
        """Use the usable ones of the tables found, by physical name; errors: PetrecError."""
        self.evidence = EVIDENCE if self._has_visits(found) else frozenset()
        for name in LOGICAL_COLUMNS:
            table = found.get(self.mapping.table(name))
            if self._is_used(name, table, found) and table is not None:
                self.tables[name] = self._without_unusable(name, table)
        for name, logical, parent in _EVIDENCE:
            self._check_reference(name, logical, parent, found)

    def _check_reference(
        self, name: str, logical: str, parent: str, found: MappingType[str, CatalogTable]
    ) -> None:
        """Refuse evidence that exists under an unmapped name: it could contradict."""
        ignored = {parent, f"{name}.{logical}"} & set(self.mapping.ignore)
        if name not in self.tables or ignored or self.makes_visits:
            return
        table = found[self.mapping.table(name)]
        to = (parent, self.tables.get(parent))
        if (unmapped := self.missing.reference(name, logical, table, to)) is not None:
            raise unmapped

    def _is_used(
        self, name: str, table: CatalogTable | None, found: MappingType[str, CatalogTable]
    ) -> bool:
        if name in self.mapping.ignore:
            self.remarks.append(f"ignored: {name}, as [mapping] ignore says")
            return False
        decisive = self._is_decisive(name, found)
        if table is None:
            to_be_made = self.makes_visits and name == "visits"
            if not to_be_made and (name not in OPTIONAL_TABLES or self._is_configured(name)):
                raise self.missing.table(name)
            return False
        unusable = self.missing.why_unusable(name, table)
        if unusable is None:
            return True
        if decisive:
            raise unusable
        if name in NAMES_ONLY:
            return False
        self.remarks.append(f"not used: {name}, because {unusable.reason}")
        return False

    def _is_decisive(self, name: str, found: MappingType[str, CatalogTable]) -> bool:
        """Return whether a command must not continue without the table, if it exists."""
        if name not in OPTIONAL_TABLES or self._is_configured(name):
            return True
        recordings = found.get(self.mapping.table("recordings"))
        ignored = "recordings.visit_id" in self.mapping.ignore
        if name != "visits" or recordings is None or ignored:
            return False
        return self.mapping.column("recordings", "visit_id") in recordings.columns

    def _has_visits(self, found: MappingType[str, CatalogTable]) -> bool:
        return self.mapping.table("visits") in found and "visits" not in self.mapping.ignore

    def _is_configured(self, name: str) -> bool:
        mapping = self.mapping
        return name in mapping.tables or name in mapping.columns or name in mapping.where

    def _without_unusable(self, name: str, table: CatalogTable) -> CatalogTable:
        """Return the table without the ignored columns."""
        columns = dict(table.columns)
        for loser, winner in shadowed(self.mapping, name):
            self._lose(name, loser, winner, table)
        for logical in sorted(OPTIONAL_COLUMNS[name]):
            physical = self.mapping.column(name, logical)
            if not self._keeps(name, logical, table) and not self._is_taken(name, physical):
                columns.pop(physical, None)
        readable = {key: column for key, column in columns.items() if column.readable}
        return replace(table, columns=readable)

    def _keeps(self, name: str, logical: str, table: CatalogTable) -> bool:
        label, physical = f"{name}.{logical}", self.mapping.column(name, logical)
        configured = logical in self.mapping.columns.get(name, {})
        column = table.columns.get(physical)
        if label in self.mapping.ignore:
            self.remarks.append(f"ignored: {label}, as [mapping] ignore says")
            return False
        if column is None:
            to_be_made = self.makes_visits and (name == "visits" or logical == "visit_id")
            if configured and not to_be_made:
                raise self.missing.column(name, logical, table)
            return False
        if not column.readable:
            if configured or label in self.evidence:
                raise self.missing.privilege(name, table, [physical])
            if name not in NAMES_ONLY:
                self.remarks.append(f"not used: {label}, because the role cannot read it")
            return False
        return True

    def _lose(self, name: str, loser: str, winner: str, table: CatalogTable) -> None:
        """Note that a column's default name is used by another column; refuse it for evidence."""
        label = f"{name}.{loser}"
        if label in self.mapping.ignore or loser not in table.columns:
            return
        if label in self.evidence:
            raise SchemaMismatchError(
                f"column {loser!r} of {self.missing.label(name)} is mapped as {winner}",
                hint=f"map {loser} under [mapping.columns.{name}], "
                f'or ignore it: [mapping] ignore = ["{label}"]',
            )
        self.remarks.append(f"not used: {label}, because its column is mapped as {winner}")

    def _is_taken(self, name: str, physical: str) -> bool:
        """Return whether another required or configured logical column uses the column."""
        required = {self.mapping.column(name, logical) for logical in REQUIRED_COLUMNS[name]}
        return physical in required or physical in self.mapping.columns.get(name, {}).values()
