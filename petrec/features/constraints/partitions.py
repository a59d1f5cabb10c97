"""The steps of a partitioned table, partition by partition, each from what the catalog has.

An index is made ON ONLY the tables above, built concurrently on each leaf and attached, which
makes it valid. Before version 18 a foreign key of a partitioned table cannot be NOT VALID; there
each leaf gets a key of its own, and the key of the table then takes those over and reads no row.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from petrec.features.constraints.bytes import unlike_others
from petrec.features.constraints.modes import EXCLUSIVE, KEY, LONG, ROWS, SHARED, SHORT, WRITES
from petrec.features.constraints.result import Lock, Step
from petrec.features.constraints.status import indexes_of_part, keys_of_part

if TYPE_CHECKING:
    from petrec.features.constraints.steps import Maker


def part_index(part: str, item: str) -> str:
    """Return the name of a partition's index: like the guide's, and none of the server's own."""
    name = f"idx_{part}_{item.removeprefix('idx_').removeprefix('recordings_')}"
    return unlike_others(name, item)


@dataclass(frozen=True)
class Partitioned:
    """Writes the steps of one object of a partitioned table."""

    maker: "Maker"

    def build(self) -> list[Step]:
        """Return the steps of an index."""
        root, name = self.maker.parts[0], self.maker.item.name
        made = next((i for i in self._indexes(root) if i.name == name), None)
        return [*([] if made else [self._frame(root, name)]), *self._below(root, name, made)]

    def link(self) -> list[Step]:
        """Return the steps of a foreign key before version 18."""
        steps = [step for part in self._leaves() for step in self._link_leaf(part)]
        parts = self.maker.parts
        locks = [Lock(KEY, self.maker.part_name(part)) for part in parts]
        locks += [Lock(EXCLUSIVE, self.maker.parent)]
        sql = f"ALTER TABLE {self.maker.table} {self.maker.key(self.maker.item.name)}"
        hazard = "stops writes, and reads of the table referred to; it reads no row"
        return [*steps, Step(self.maker.item.name, sql, tuple(locks), SHORT, hazard)]

    def undo(self) -> list[Step]:
        """Return what takes away that which was not attached yet."""
        kind = self.maker.item.kind
        if kind == "index":
            parts = self.maker.parts[1:]
            return [self._drop_loose(p, i) for p in parts for i in self._own(p)]
        if kind != "foreign key":
            return []
        name = self.maker.item.name
        clause = f"DROP CONSTRAINT {self.maker.names.quote(name)}"
        return [
            self._on_key(part, clause, EXCLUSIVE, EXCLUSIVE, SHORT)
            for part in self._leaves()
            if any(key.name == name and not key.attached for key in self._keys(part))
        ]

    def in_the_way(self) -> Iterator[tuple[str, str]]:
        """Return each partition in which something else bears a name that a step would give."""
        index = self.maker.item.kind == "index"
        for part in self.maker.parts[1:]:
            if name := self._taken_index(part) if index else self._taken_key(part):
                yield self.maker.part_name(part), name

    def _taken_index(self, part: Any) -> str:
        name, own = part_index(part.name, self.maker.item.name), self._indexes(part)
        usable = any(i.valid or i.attached_to is not None or not part.leaf for i in own)
        others = {(part.schema, name)} & self.maker.found.part_relations
        return name if others and not usable and name not in {i.name for i in own} else ""

    def _taken_key(self, part: Any) -> str:
        name = self.maker.item.name
        bearing = any(
            (c.table_oid, c.name) == (part.oid, name) for c in self.maker.found.all_constraints
        )
        return name if part.leaf and bearing and not self._keys(part) else ""

    def taken_over(self) -> list[str]:
        """Return what hosts made in partitions and the table's object now holds.

        It goes with the table's, so that stays. What the server made for partitions that came later
        is younger than the table's and has a name of the server's form.
        """
        found = [(p, o) for p in self.maker.parts[1:] for o in self._attached(p)]
        return [self._of(p, o.name) for p, o in found if not self._is_made(p, o)]

    def _attached(self, part: Any) -> list[Any]:
        if self.maker.item.kind == "index":
            return [i for i in self._indexes(part) if self._topmost(i) is not None]
        return [key for key in self._keys(part) if key.attached]

    def _topmost(self, index: Any) -> Any:
        """Return the object's index if this one is attached to it, over any number of levels."""
        by_oid = {each.oid: each for each in self.maker.found.all_indexes}
        while index.attached_to is not None:
            index = by_oid[index.attached_to]
            if index.attached_to is None and index.name == self.maker.item.name:
                return index
        return None

    def _is_made(self, part: Any, held: Any) -> bool:
        item = self.maker.item
        if held.name in {item.name, part_index(part.name, item.name)}:
            return True
        whole = self._topmost(held) if item.kind == "index" else self._whole_key()
        by_server = re.fullmatch(self._servers_name(part), held.name) is not None
        return by_server and whole is not None and held.oid > whole.oid

    def _servers_name(self, part: Any) -> str:
        item, mapping = self.maker.item, self.maker.names.mapping
        columns = "_".join(mapping.column(item.table, column) for column in item.columns)
        if item.kind == "index":
            return rf"{re.escape(f'{part.name}_{columns}_idx')}\d*"
        return rf"{re.escape(f'{part.name}_{columns}_fkey')}\d*|{re.escape(item.name)}_\d+"

    def _whole_key(self) -> Any:
        keys, name = self._keys(self.maker.parts[0]), self.maker.item.name
        return next((key for key in keys if key.name == name), None)

    def drop(self) -> Step:
        """Return the end of the whole index: it cannot be dropped concurrently."""
        name = self.maker.state.actual or self.maker.item.name
        return self._drop_whole(self.maker.parts[0], name, self.maker.parts)

    def _drop_loose(self, part: Any, index: Any) -> Step:
        if part.leaf:
            return self._drop_leaf(part, index)
        return self._drop_whole(part, index.name, self._under(part))

    def _under(self, part: Any) -> list[Any]:
        children = [each for each in self.maker.parts if each.parent == part.oid]
        return [part, *(each for child in children for each in self._under(child))]

    def _drop_whole(self, part: Any, name: str, parts: list[Any]) -> Step:
        locks = tuple(Lock(EXCLUSIVE, self.maker.part_name(each)) for each in parts)
        hazard = "stops reads and writes while it waits and runs; it reads no row"
        return Step(
            self.maker.item.name, f"DROP INDEX {self._of(part, name)}", locks, SHORT, hazard
        )

    def _below(self, above: Any, name: str, index: Any) -> list[Step]:
        children = [part for part in self.maker.parts if part.parent == above.oid]
        return [step for part in children for step in self._child(part, above, name, index)]

    def _child(self, part: Any, above: Any, name: str, index: Any) -> list[Step]:
        candidates = self._indexes(part)
        held = [i for i in candidates if index is not None and i.attached_to == index.oid]
        if held:
            return [] if part.leaf else self._below(part, held[0].name, held[0])
        free = [i for i in candidates if i.attached_to is None]
        if any(i.building for i in free):
            return []
        make = self._leaf if part.leaf else self._sub
        steps, own = make(part, free)
        return [*steps, self._attach(part, above, name, own)]

    def _leaf(self, part: Any, free: list[Any]) -> tuple[list[Step], str]:
        name = part_index(part.name, self.maker.item.name)
        usable = next((i for i in free if i.valid), None)
        if usable is not None:
            return [], usable.name
        broken = [self._drop_leaf(part, i) for i in free if i.name == name]
        table = self.maker.part_name(part)
        quoted = self.maker.names.quote(name)
        sql = f"CREATE INDEX CONCURRENTLY {quoted} ON {table} {self.maker.indexed()}"
        hazard = "waits for older transactions; reads all twice"
        lock = (Lock(SHARED, table),)
        size = self.maker.index_bytes(part.rows, part.bytes)
        build = Step(self.maker.item.name, sql, lock, LONG, hazard, part.rows, part.bytes, size)
        return [*broken, build], name

    def _sub(self, part: Any, free: list[Any]) -> tuple[list[Step], str]:
        name = free[0].name if free else part_index(part.name, self.maker.item.name)
        made = free[0] if free else None
        return [*([] if made else [self._frame(part, name)]), *self._below(part, name, made)], name

    def _frame(self, part: Any, name: str) -> Step:
        table = self.maker.part_name(part)
        quoted = self.maker.names.quote(name)
        sql = f"CREATE INDEX {quoted} ON ONLY {table} {self.maker.indexed()}"
        hazard = "stops writes while it waits and runs; it reads no row"
        return Step(self.maker.item.name, sql, (Lock(WRITES, table),), SHORT, hazard)

    def _attach(self, part: Any, above: Any, name: str, own: str) -> Step:
        whole, piece = self._of(above, name), self._of(part, own)
        sql = f"ALTER INDEX {whole} ATTACH PARTITION {piece}"
        locks = (Lock(SHARED, whole), Lock(EXCLUSIVE, piece))
        hazard = "stops reads that plan with the index; it reads no row"
        return Step(self.maker.item.name, sql, locks, SHORT, hazard)

    def _drop_leaf(self, part: Any, index: Any) -> Step:
        sql = f"DROP INDEX CONCURRENTLY {self._of(part, index.name)}"
        lock = (Lock(SHARED, self.maker.part_name(part)),)
        return Step(self.maker.item.name, sql, lock, LONG, "waits for older transactions")

    def _link_leaf(self, part: Any) -> list[Step]:
        keys = self._keys(part)
        if keys and keys[0].valid:
            return []
        name = keys[0].name if keys else self.maker.item.name
        quoted = self.maker.names.quote(name)
        add = self._on_key(part, f"{self.maker.key(name)} NOT VALID", KEY, KEY, SHORT)
        check = self._on_key(part, f"VALIDATE CONSTRAINT {quoted}", SHARED, ROWS, LONG)
        return [*([] if keys else [add]), check]

    def _on_key(self, part: Any, clause: str, own: str, other: str, waits: str) -> Step:
        table = self.maker.part_name(part)
        locks = (Lock(own, table), Lock(other, self.maker.parent))
        size = (part.rows, part.bytes) if waits == LONG else (0, 0)
        hazard = "reads all" if waits == LONG else "stops writes while it waits and runs"
        sql = f"ALTER TABLE {table} {clause}"
        return Step(self.maker.item.name, sql, locks, waits, hazard, *size)

    def _of(self, part: Any, name: str) -> str:
        quote = self.maker.names.quote
        return f"{quote(part.schema)}.{quote(name)}"

    def _leaves(self) -> list[Any]:
        return [part for part in self.maker.parts if part.leaf]

    def _indexes(self, part: Any) -> list[Any]:
        maker = self.maker
        return indexes_of_part(maker.found, maker.names.mapping, maker.item, part.oid)

    def _own(self, part: Any) -> list[Any]:
        name = part_index(part.name, self.maker.item.name)
        return [i for i in self._indexes(part) if i.name == name and i.attached_to is None]

    def _keys(self, part: Any) -> list[Any]:
        maker = self.maker
        return keys_of_part(maker.found, maker.names.mapping, maker.item, part.oid)
