"""Rows that stayed on a Citus coordinator when their table was distributed.

No query reads them, but a constraint is checked against them, too, and would be refused for rows
that nobody sees.
"""

from collections.abc import Iterable, Iterator

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.foreign_key import ForeignKey
from petrec.features.constraints.objects.not_null import NotNull
from petrec.features.constraints.state import Problem
from petrec.postgres.identifiers import qualified


def stranded_rows(catalog: Catalog, coming: Iterable[Object]) -> Iterator[Problem]:
    """Return the problem of a table of recordings that has such rows, where something checks it."""
    recordings = catalog.table("recordings")
    if recordings is None or not recordings.stranded:
        return
    if any(isinstance(each, ForeignKey | NotNull) for each in coming):
        name = qualified(catalog.mapping.schema, recordings.name)
        literal = "'" + name.replace("'", "''") + "'"
        yield Problem(
            recordings.name,
            f"{name} has rows on the coordinator from before Citus distributed it: a constraint "
            "would be checked against them, too",
            f"SELECT truncate_local_data_after_distributing_table({literal});",
        )
