"""The objects of the integration guide, each as an object of its class."""

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.column import VisitColumn
from petrec.features.constraints.objects.foreign_key import ForeignKey
from petrec.features.constraints.objects.index import Index
from petrec.features.constraints.objects.index_by_leaf import PartitionedIndex
from petrec.features.constraints.objects.key_by_leaf import PartitionedKey
from petrec.features.constraints.objects.not_null import NotNull
from petrec.features.constraints.objects.table import VisitsTable
from petrec.features.constraints.specs import ObjectKind, Spec

_PLAIN: dict[ObjectKind, type[Object]] = {
    ObjectKind.INDEX: Index,
    ObjectKind.NOT_NULL: NotNull,
    ObjectKind.FOREIGN_KEY: ForeignKey,
    ObjectKind.TABLE: VisitsTable,
    ObjectKind.COLUMN: VisitColumn,
}
_PARTITIONED: dict[ObjectKind, type[Object]] = {
    **_PLAIN,
    ObjectKind.INDEX: PartitionedIndex,
    ObjectKind.FOREIGN_KEY: PartitionedKey,
}


def object_of(catalog: Catalog, spec: Spec) -> Object:
    """Return the object that a spec describes."""
    is_parted = bool(catalog.tree(catalog.mapping.table(spec.table)))
    return (_PARTITIONED if is_parted else _PLAIN)[spec.kind](spec, catalog)
