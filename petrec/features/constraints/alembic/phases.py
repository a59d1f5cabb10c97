"""Statements as phases of a revision: each with a query for whether it is still needed.

A row of a query fills one statement. For a partitioned table the query lists the partitions that
exist when it runs, so that a partition that was added after the export is included.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from petrec.features.constraints.alembic.kept import unless_taken
from petrec.features.constraints.names import Name, Placeholder, template
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.foreign_key import ON_DELETE
from petrec.features.constraints.objects.index_by_leaf import PartitionedIndex
from petrec.features.constraints.objects.key_by_leaf import PartitionedKey
from petrec.features.constraints.state import ObjectState, Step
from petrec.features.constraints.statements.base import Statement, Waits
from petrec.features.constraints.statements.constraint import (
    AddForeignKey,
    DropConstraint,
    MergeForeignKeys,
    Validate,
)
from petrec.features.constraints.statements.index import (
    AttachIndex,
    CreateIndex,
    CreateIndexOnly,
    DropIndex,
    DropWholeIndex,
)

_PART, _INDEX, _ABOVE, _KEY = map(Placeholder, ("part", "index", "above", "key"))


@dataclass(frozen=True)
class Phase:
    """A statement for each row of a query, and its lock timeout.

    With `of`, the query is the name of a shared one, which takes these values as literals.
    """

    query: str
    lock_timeout_ms: int
    sql: str
    of: dict[str, str] | None = None


@dataclass(frozen=True)
class Phases:
    """Renders statements as phases; `lock_timeout_ms` is for those that stop the application."""

    lock_timeout_ms: int

    def forward(self, wanted: Object, steps: Iterable[Step]) -> list[Phase]:
        """Return the phases that create an object, which has these steps in the plan."""
        if isinstance(wanted, PartitionedIndex):
            return list(self._make_index(wanted))
        if isinstance(wanted, PartitionedKey) and wanted.is_by_leaf:
            return list(self._make_key(wanted))
        return [phase for step in steps for phase in self._begin(step.statement)]

    def back(self, wanted: Object, state: ObjectState) -> list[Phase]:
        """Return the phases that drop an object, with what a stopped run did not attach.

        An object that has taken over a partition's own object is kept.
        """
        kept = unless_taken(wanted)
        if isinstance(wanted, PartitionedIndex):
            return list(self._drop_index(wanted, kept))
        if isinstance(wanted, PartitionedKey) and wanted.is_by_leaf:
            return list(self._drop_key(wanted, kept))
        return [self._alone(step.statement, kept) for step in wanted.rollback(state)]

    def _begin(self, statement: Statement) -> Iterator[Phase]:
        """Return a statement; before a build, the leftover of a failed one is dropped."""
        if isinstance(statement, CreateIndex):
            yield self._alone(statement.leftover)
        if not isinstance(statement, DropIndex):
            yield self._alone(statement)

    def _make_index(self, wanted: PartitionedIndex) -> Iterator[Phase]:
        """Start at the topmost table: a partition that is added later then gets its index."""
        whole = wanted.table.beside(wanted.spec.name)
        of = {"index": literal(str(whole))}
        yield self._alone(wanted.create(CreateIndexOnly, wanted.table, Name(wanted.spec.name)))
        yield self._each("FRAMELESS", wanted.create(CreateIndexOnly, _PART, _INDEX), of)
        yield self._each("BROKEN", DropIndex(table=_PART, index=_INDEX), of)
        yield self._each("UNBUILT", wanted.create(CreateIndex, _PART, _INDEX), of)
        yield self._each("LOOSE", AttachIndex(table=_PART, whole=_ABOVE, piece=_INDEX), of)

    def _drop_index(self, wanted: PartitionedIndex, kept: str) -> Iterator[Phase]:
        whole = wanted.table.beside(wanted.spec.name)
        of = {"table": literal(str(wanted.table)), "index": literal(wanted.spec.name)}
        yield self._alone(DropWholeIndex(table=wanted.table, index=whole), kept)
        yield self._each("LEFT_FRAMES", DropWholeIndex(table=_PART, index=_INDEX), of)
        yield self._each("LEFT_INDEXES", DropIndex(table=_PART, index=_INDEX), of)

    def _make_key(self, wanted: PartitionedKey) -> Iterator[Phase]:
        name, of = Name(wanted.spec.name), _of_key(wanted)
        yield self._each("KEYLESS", wanted.add(AddForeignKey, _PART, name), of)
        yield self._each("UNCHECKED", Validate(table=_PART, name=_KEY), of)
        yield self._alone(wanted.add(MergeForeignKeys, wanted.table, name))

    def _drop_key(self, wanted: PartitionedKey, kept: str) -> Iterator[Phase]:
        name = Name(wanted.spec.name)
        yield self._alone(DropConstraint(table=wanted.table, name=name), kept)
        yield self._each("LEFT_KEYS", DropConstraint(table=_PART, name=name), _of_key(wanted))

    def _alone(self, statement: Statement, further: str = "") -> Phase:
        query = statement.needed.as_string(None) + further
        return Phase(query, self._limit(statement), template(statement.compose()))

    def _each(self, shared: str, statement: Statement, of: dict[str, str]) -> Phase:
        return Phase(shared, self._limit(statement), template(statement.compose()), of)

    def _limit(self, statement: Statement) -> int:
        return self.lock_timeout_ms if statement.waits is Waits.SHORT else 0


def _of_key(wanted: PartitionedKey) -> dict[str, str]:
    code = next(code for code, name in ON_DELETE.items() if name == wanted.spec.on_delete)
    both = zip(wanted.columns, wanted.referenced, strict=True)
    pairs = sorted(f"{own.bare} {other.bare}" for own, other in both)
    return {
        "table": literal(str(wanted.table)),
        "parent": literal(str(wanted.parent)),
        "on_delete": literal(code),
        "pairs": f"ARRAY[{', '.join(map(literal, pairs))}]",
        "name": literal(wanted.spec.name),
    }


def literal(value: str) -> str:
    """Return a string for SQL."""
    return sql.Literal(value).as_string(None)
