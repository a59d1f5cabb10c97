"""Which facts the database's constraints claim, and which of them a query may trust.

A foreign key that is valid in the catalog may still have rows that violate it: loaded while
triggers were disabled, or by a replica. So only unique indexes are trusted, unless the user trusts
foreign keys.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass

from petrec.postgres.catalog import CatalogTable
from petrec.postgres.enforced import Demand, Nature
from petrec.schema import Proofs
from petrec.settings import Mapping


@dataclass(frozen=True)
class KeyClaims:
    """The foreign keys between the mapped tables, by OID."""

    mapping: Mapping
    tables: MappingType[str, CatalogTable]

    def refers(
        self, child: str, columns: tuple[str, ...], parent: str, referenced: tuple[str, ...]
    ) -> bool:
        """Return whether a validated foreign key claims that the parent row exists."""
        if child not in self.tables:
            return False
        mine, theirs = self.tables[child], self.tables[parent]
        own = tuple(self.mapping.column(child, column) for column in columns)
        others = tuple(self.mapping.column(parent, column) for column in referenced)
        key = Demand(Nature.FOREIGN_KEY, mine.oid, own, theirs.oid, others)
        return any(each.valid and key.is_met_by(each) for each in mine.enforced)

    def links_follow_appointments(self) -> bool:
        """Return whether every session that adds a link that counts locks its appointment first.

        With a condition on the links, an UPDATE can add one, which no foreign key checks.
        """
        refers = self.refers("appointment_pets", ("appointment_id",), "appointments", ("id",))
        return refers and "appointment_pets" not in self.mapping.where


def read_proofs(claims: KeyClaims, *, trusted: bool) -> Proofs:
    """Derive the proofs from unique indexes and, if they are `trusted`, foreign keys.

    No key proves that a parent row meets a condition, so a table with one is always read.
    """
    mapping, tables = claims.mapping, claims.tables

    def refers(
        child: str, columns: tuple[str, ...], parent: str, referenced: tuple[str, ...] = ("id",)
    ) -> bool:
        counts = trusted and parent not in mapping.where
        return counts and claims.refers(child, columns, parent, referenced)

    pair = ("appointment_id", "pet_id")
    link = [mapping.column("appointment_pets", column) for column in pair]
    return Proofs(
        link_pets_exist=refers("appointment_pets", ("pet_id",), "pets"),
        link_appointments_exist=refers("appointment_pets", ("appointment_id",), "appointments"),
        links_unique=tables["appointment_pets"].identified_by(*link),
        recording_pets_exist=refers("recordings", ("pet_id",), "pets"),
        recording_appointments_exist=refers("recordings", ("appointment_id",), "appointments"),
        visit_pets_exist=refers("visits", ("pet_id",), "pets"),
        recording_pets_listed=refers("recordings", pair, "appointment_pets", pair),
    )
