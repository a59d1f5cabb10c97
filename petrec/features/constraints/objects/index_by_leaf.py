"""Indexes of partitioned tables, partition by partition, each from what the catalog has.

An index is created ON ONLY the partitioned tables, built concurrently on each leaf and attached,
which makes it valid.
https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
"""

import re
from collections.abc import Iterator

from petrec.features.constraints.catalog.rows import IndexRow, Part
from petrec.features.constraints.names import Name, part_index
from petrec.features.constraints.objects.index import Index
from petrec.features.constraints.state import HELD, ObjectState, Step
from petrec.features.constraints.statements.index import (
    AttachIndex,
    CreateIndexOnly,
    DropIndex,
    DropWholeIndex,
)


class PartitionedIndex(Index):
    """An index of a partitioned table."""

    def make(self, state: ObjectState) -> list[Step]:  # noqa: ARG002 - each part has its own
        """Return the steps that create it, topmost table first."""
        root, name = self.parts[0], self.spec.name
        made = next((i for i in self.indexes_of(root) if i.name == name), None)
        return [*([] if made else [self._frame(root, name)]), *self._below(root, name, made)]

    def _below(self, above: Part, name: str, index: IndexRow | None) -> list[Step]:
        children = [part for part in self.parts if part.parent == above.oid]
        return [step for part in children for step in self._child(part, above, name, index)]

    def _child(self, part: Part, above: Part, name: str, index: IndexRow | None) -> list[Step]:
        candidates = self.indexes_of(part)
        attached = [i for i in candidates if index is not None and i.attached_to == index.oid]
        if attached:
            return [] if part.leaf else self._below(part, attached[0].name, attached[0])
        free = [i for i in candidates if i.attached_to is None]
        if any(i.building for i in free):
            return []
        steps, own = self._leaf(part, free) if part.leaf else self._branch(part, free)
        whole, piece = above.qualified.beside(name), part.qualified.beside(own)
        attach = AttachIndex(table=part.qualified, whole=whole, piece=piece)
        return [*steps, self.step(attach)]

    def _leaf(self, part: Part, free: list[IndexRow]) -> tuple[list[Step], str]:
        name = part_index(part.name, self.spec.name)
        usable = next((i for i in free if i.valid), None)
        if usable is not None:
            return [], usable.name
        broken = [self._drop_loose(part, i) for i in free if i.name == name]
        return [*broken, self.build(part.qualified, name, part.rows, part.bytes)], name

    def _branch(self, part: Part, free: list[IndexRow]) -> tuple[list[Step], str]:
        name = free[0].name if free else part_index(part.name, self.spec.name)
        made = free[0] if free else None
        return [*([] if made else [self._frame(part, name)]), *self._below(part, name, made)], name

    def _frame(self, part: Part, name: str) -> Step:
        return self.step(self.create(CreateIndexOnly, part.qualified, Name(name)))

    def rollback(self, state: ObjectState) -> list[Step]:
        """Return the steps for what was not attached yet, then for the table's index."""
        loose = [(p, i) for p in self.parts[1:] for i in self._own(p)]
        return [*(self._drop_loose(p, i) for p, i in loose), *super().rollback(state)]

    def unmake(self, state: ObjectState) -> list[Step]:
        """Return the drop of the whole index, which cannot be concurrent."""
        index = self.table.beside(state.actual or self.spec.name)
        return [self.step(DropWholeIndex(table=self.table, index=index, below=self.below))]

    def _drop_loose(self, part: Part, index: IndexRow) -> Step:
        table, name = part.qualified, part.qualified.beside(index.name)
        if part.leaf:
            return Step(self.spec.name, DropIndex(table=table, index=name))
        below = tuple(each.qualified for each in self._under(part))
        return self.step(DropWholeIndex(table=table, index=name, below=below))

    def _under(self, part: Part) -> Iterator[Part]:
        for child in self.parts:
            if child.parent == part.oid:
                yield child
                yield from self._under(child)

    def names_taken(self, state: ObjectState) -> Iterator[tuple[Name, str]]:  # noqa: ARG002
        """Return partitions in which another object has the name of their index."""
        for part in self.parts[1:]:
            name, own = part_index(part.name, self.spec.name), self.indexes_of(part)
            usable = any(i.valid or i.attached_to is not None or not part.leaf for i in own)
            taken = (part.schema, name) in self.catalog.relations
            if taken and not usable and name not in {i.name for i in own}:
                yield part.qualified, name

    def taken_over(self, state: ObjectState) -> list[str]:
        """Return the application's own indexes in partitions that the table's index took over.

        Dropping the table's index would drop them, so it stays. Indexes that the server created
        for later partitions are younger and have a name of the server's form.
        """
        if state.presence not in HELD:
            return []
        found = [(p, i, self._topmost(i)) for p in self.parts[1:] for i in self.indexes_of(p)]
        return [
            str(part.qualified.beside(index.name))
            for part, index, whole in found
            if whole is not None and not self._is_made(part, index, whole)
        ]

    def _topmost(self, index: IndexRow) -> IndexRow | None:
        """Return the object's index if this one is attached to it, over any number of levels."""
        whole = self.catalog.index(index.attached_to)
        while whole is not None and whole.table_oid != self.parts[0].oid:
            whole = self.catalog.index(whole.attached_to)
        return whole if whole is not None and whole.name == self.spec.name else None

    def _is_made(self, part: Part, index: IndexRow, whole: IndexRow) -> bool:
        if index.name in {self.spec.name, part_index(part.name, self.spec.name)}:
            return True
        servers = re.escape("_".join([part.name, *self.column_names, "idx"])) + r"\d*"
        return re.fullmatch(servers, index.name) is not None and index.oid > whole.oid

    def indexes_of(self, part: Part) -> list[IndexRow]:
        """Return the indexes of a partition that the table's can take over, valid ones first."""
        of_part = [i for i in self.catalog.indexes_of(part.oid) if i.attachable]
        return sorted((i for i in of_part if self.serves(i)), key=lambda i: not i.valid)

    def _own(self, part: Part) -> list[IndexRow]:
        name = part_index(part.name, self.spec.name)
        return [i for i in self.indexes_of(part) if i.name == name and i.attached_to is None]
