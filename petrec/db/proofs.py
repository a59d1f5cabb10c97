"""Which facts the database's own constraints already prove."""

from collections.abc import Mapping as MappingType

from petrec.db.catalog import CatalogTable, ForeignKey
from petrec.schema import Proofs
from petrec.settings import Mapping


def read_proofs(
    mapping: Mapping, tables: MappingType[str, CatalogTable], keys: frozenset[ForeignKey]
) -> Proofs:
    """Derive the proofs from validated foreign keys and unique indexes."""

    def refers(child: str, column: str, parent: str) -> bool:
        if child not in tables:
            return False
        ends = tables[child].oid, tables[parent].oid
        names = mapping.column(child, column), mapping.column(parent, "id")
        return ForeignKey(ends[0], names[0], ends[1], names[1]) in keys

    link = [mapping.column("appointment_pets", column) for column in ("appointment_id", "pet_id")]
    return Proofs(
        link_pets_exist=refers("appointment_pets", "pet_id", "pets"),
        link_appointments_exist=refers("appointment_pets", "appointment_id", "appointments"),
        links_unique=tables["appointment_pets"].identified_by(*link),
        recording_pets_exist=refers("recordings", "pet_id", "pets"),
        recording_appointments_exist=refers("recordings", "appointment_id", "appointments"),
        visit_pets_exist=refers("visits", "pet_id", "pets"),
    )
