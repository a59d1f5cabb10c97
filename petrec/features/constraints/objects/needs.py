"""Tables and columns that an object needs, but that neither exist nor are created by a step."""

from collections.abc import Iterator

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.specs import ObjectKind, Spec
from petrec.features.constraints.state import Judgement, Presence


def left_out(catalog: Catalog, spec: Spec) -> Judgement | None:
    """Return LEFT_OUT if a required table or column is missing and no step will create it."""
    tables = (spec.table,) if spec.kind is ObjectKind.TABLE else (spec.table, spec.parent)
    reasons = [*_ignored(catalog, tables)]
    if spec.kind is not ObjectKind.TABLE and not reasons:
        reasons += _lacking(catalog, spec, spec.table, spec.columns)
        reasons += _lacking(catalog, spec, spec.parent, spec.parent_columns) if spec.parent else []
    return Judgement(Presence.LEFT_OUT, detail=reasons[0]) if reasons else None


def _ignored(catalog: Catalog, tables: tuple[str, ...]) -> Iterator[str]:
    named = (table for table in tables if table in catalog.mapping.ignore)
    return (f"[mapping] ignore names {table}" for table in named)


def _lacking(catalog: Catalog, spec: Spec, table: str, columns: tuple[str, ...]) -> Iterator[str]:
    """Return what an object needs of a table, but that neither exists nor is created by a step."""
    name = catalog.mapping.table(table)
    if name not in catalog.tables:
        if not (table == "visits" and spec.with_visits) or catalog.has_relation(name):
            yield f"table {name} does not exist"
        return
    for logical in columns:
        column, held = catalog.mapping.column(table, logical), catalog.column(table, logical)
        coming = spec.with_visits and logical == "visit_id" and _has_visits(catalog)
        if f"{table}.{logical}" in catalog.mapping.ignore:
            yield f"[mapping] ignore names {table}.{logical}"
        elif held is None and not coming:
            yield f"column {column} does not exist"
        elif held is not None and held.virtual and spec.kind is not ObjectKind.NOT_NULL:
            yield f"{column} is a virtual generated column, which cannot be indexed or reference "
            "another table"


def _has_visits(catalog: Catalog) -> bool:
    """Return whether there is a visits table to reference, or a step will create it."""
    if "visits" in catalog.mapping.ignore:
        return False
    if catalog.table("visits") is None:
        return not catalog.has_relation(catalog.mapping.table("visits"))
    return catalog.column("visits", "id") is not None
