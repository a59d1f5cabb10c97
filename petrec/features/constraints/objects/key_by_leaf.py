"""Foreign keys of partitioned tables.

Before version 18 a key of a partitioned table cannot be NOT VALID. There each leaf gets its own
key, and the key of the table then takes those over without reading rows.
"""

import re
from collections.abc import Iterator

from petrec.features.constraints.catalog.rows import ConstraintRow, Part
from petrec.features.constraints.names import Name
from petrec.features.constraints.objects.foreign_key import ForeignKey
from petrec.features.constraints.state import HELD, ObjectState, Step
from petrec.features.constraints.statements.constraint import (
    AddForeignKey,
    DropConstraint,
    MergeForeignKeys,
    Validate,
)


class PartitionedKey(ForeignKey):
    """A foreign key of a partitioned table."""

    @property
    def is_by_leaf(self) -> bool:
        """Return whether the key is made leaf by leaf."""
        return self.catalog.version < 18

    def make(self, state: ObjectState) -> list[Step]:
        """Return the steps for the leaves, then the one for the table."""
        if not self.is_by_leaf:
            return super().make(state)
        steps = [step for part in self.leaves for step in self._make_leaf(part)]
        merge = self.add(MergeForeignKeys, self.table, Name(self.spec.name), self.below)
        return [*steps, self.step(merge)]

    def _make_leaf(self, part: Part) -> list[Step]:
        keys = self.keys_of(part.oid)
        if keys and keys[0].valid:
            return []
        name = Name(keys[0].name if keys else self.spec.name)
        add = self.add(AddForeignKey, part.qualified, name)
        validate = Validate(table=part.qualified, name=name, parent=self.parent)
        check = Step(self.spec.name, validate, part.rows, part.bytes)
        return [*([] if keys else [self.step(add)]), check]

    def rollback(self, state: ObjectState) -> list[Step]:
        """Return the steps for what no key of the table has taken over, then for the table."""
        name = Name(self.spec.name)
        loose = [part for part in self.leaves if self._has_loose(part)]
        drops = [
            DropConstraint(table=part.qualified, name=name, parent=self.parent) for part in loose
        ]
        return [*map(self.step, drops), *super().rollback(state)]

    def _has_loose(self, part: Part) -> bool:
        keys = self.keys_of(part.oid)
        return any(key.name == self.spec.name and not key.attached for key in keys)

    def names_taken(self, state: ObjectState) -> Iterator[tuple[Name, str]]:  # noqa: ARG002
        """Return leaves in which another constraint has the key's name."""
        name = self.spec.name
        for part in self.leaves if self.is_by_leaf else ():
            bearing = any(c.name == name for c in self.catalog.constraints_of(part.oid))
            if bearing and not self.keys_of(part.oid):
                yield part.qualified, name

    def taken_over(self, state: ObjectState) -> list[str]:
        """Return the application's own keys in partitions that the table's key took over.

        Keys that the server created for later partitions are younger and have a name of the
        server's form.
        """
        if state.presence not in HELD:
            return []
        attached = [(p, key) for p in self.parts[1:] for key in self.keys_of(p.oid) if key.attached]
        return [str(p.qualified.beside(k.name)) for p, k in attached if not self._is_made(p, k)]

    def _is_made(self, part: Part, key: ConstraintRow) -> bool:
        name = self.spec.name
        if key.name == name:
            return True
        own = re.escape("_".join([part.name, *self.column_names, "fkey"]))
        by_server = re.fullmatch(rf"{own}\d*|{re.escape(name)}_\d+", key.name) is not None
        keys = self.keys_of(self.parts[0].oid)
        whole = next((each for each in keys if each.name == name), None)
        return by_server and whole is not None and key.oid > whole.oid
