"""From a state to the statements that make it present, and back; each runs alone."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from petrec.constraints.catalog import Found
from petrec.constraints.estimate import index_bytes
from petrec.constraints.modes import EXCLUSIVE, KEY, LONG, SHARED, SHORT
from petrec.constraints.objects import Item, Names
from petrec.constraints.partitions import Partitioned
from petrec.constraints.status import check_name
from petrec.constraints.visits import create_visits
from petrec.results.constraints import Lock, ObjectState, Presence, Step

_STOPS = "stops reads and writes while it waits and runs; it reads no row"
_WRITES = "stops writes while it waits and runs; it reads no row"
# A column that an earlier step makes refers to a visit: a uuid, if it is not smaller.
_NEW_WIDTH = 16


@dataclass(frozen=True)
class Maker:
    """Writes the steps of one object."""

    found: Found
    names: Names
    item: Item
    state: ObjectState

    def apply(self) -> list[Step]:
        """Return what is still to do."""
        if self.state.presence not in {Presence.MISSING, Presence.INVALID}:
            return []
        if self.by_parts:
            index = self.item.kind == "index"
            return Partitioned(self).build() if index else Partitioned(self).link()
        makers = {
            "index": self._index,
            "not null": self._not_null,
            "foreign key": self._foreign_key,
            "table": self._visits,
            "column": self._visit_id,
        }
        return makers[self.item.kind]()

    def rollback(self) -> list[Step]:
        """Return what takes the object away; other names, tables and columns stay."""
        halves = Partitioned(self).undo() if self.parts else []
        if self.state.presence not in {Presence.PRESENT, Presence.INVALID}:
            return halves
        if self.parts and self.item.kind == "index":
            return [*halves, Partitioned(self).drop()]
        if self.item.kind == "index":
            return [self._drop_index()]
        if self.item.kind == "foreign key":
            if self.state.actual != self.item.name:
                return halves
            locks = [EXCLUSIVE, EXCLUSIVE]
            return [
                self._alter(
                    f"DROP CONSTRAINT {self._quoted(self.state.actual)}", locks, hazard=_STOPS
                )
            ]
        return self._nullable() if self.item.kind == "not null" else []

    def _step(self, sql: str, locks: list[str], waits: str, hazard: str = "") -> Step:
        tables = [self.table, *([self.parent] if self.item.parent else [])]
        held = [Lock(mode, table) for mode, table in zip(locks, tables, strict=False)]
        held += [Lock(locks[0], self.part_name(part)) for part in self.parts[1:]]
        rows, size = self._extent() if waits == LONG else (0, 0)
        return Step(self.item.name, sql, tuple(held), waits, hazard, rows, size)

    def _alter(self, clause: str, locks: list[str], waits: str = SHORT, hazard: str = "") -> Step:
        return self._step(f"ALTER TABLE {self.table} {clause}", locks, waits, hazard)

    def exclusive(self, sql: str) -> Step:
        """Return a statement that locks the object's table alone, and briefly."""
        return self._step(sql, [EXCLUSIVE], SHORT, _STOPS)

    @property
    def by_parts(self) -> bool:
        """Say whether the object is made partition by partition."""
        by_leaf = self.item.kind == "foreign key" and self.found.version < 18
        return bool(self.parts) and (by_leaf or self.item.kind == "index")

    @property
    def table(self) -> str:
        """Return the object's table."""
        return self.names.table(self.item.table)

    @property
    def parent(self) -> str:
        """Return the table that a foreign key refers to."""
        return self.names.table(self.item.parent)

    @property
    def parts(self) -> list[Any]:
        """Return the object's table and its partitions, from above; empty for a plain table."""
        return self.found.tree(self.names.mapping.table(self.item.table))

    def part_name(self, part: Any) -> str:
        """Return the qualified name of a partition."""
        return f"{self.names.quote(part.schema)}.{self.names.quote(part.name)}"

    def _extent(self) -> tuple[int, int]:
        if self.parts:
            leaves = [part for part in self.parts if part.leaf]
            return sum(part.rows for part in leaves), sum(part.bytes for part in leaves)
        table = self.found.tables.get(self.names.mapping.table(self.item.table))
        return (table.rows, table.bytes) if table is not None else (0, 0)

    def columns(self) -> str:
        """Return the object's columns."""
        return self.names.columns(self.item.table, self.item.columns)

    def _index(self) -> list[Step]:
        sql = f"CREATE INDEX CONCURRENTLY {self.item.name} ON {self.table} {self.indexed()}"
        build = self._step(sql, [SHARED], LONG, "waits for older transactions; reads all twice")
        build = replace(build, index_bytes=self.index_bytes(build.rows, build.bytes))
        broken = self.state.presence is Presence.INVALID
        return [*([self._drop_index()] if broken else []), build]

    def indexed(self) -> str:
        """Return the columns of an index and its condition."""
        where = f" WHERE {self.names.column(self.item.table, 'visit_id')} IS NOT NULL"
        return f"({self.columns()}){where if self.item.partial else ''}"

    def index_bytes(self, rows: int, table_bytes: int) -> int:
        """Return the expected size of the object's index on a table of this extent."""
        mapping = self.names.mapping
        keys = [
            (mapping.table(self.item.table), mapping.column(self.item.table, column))
            for column in self.item.columns
        ]
        known = [self.found.columns.get(key) for key in keys]
        widths = [column.width if column is not None else _NEW_WIDTH for column in known]
        return index_bytes(rows, table_bytes, widths)

    def _drop_index(self) -> Step:
        name = self.names.in_schema(self.state.actual or self.item.name)
        return self._step(
            f"DROP INDEX CONCURRENTLY {name}", [SHARED], LONG, "waits for older transactions"
        )

    def _foreign_key(self) -> list[Step]:
        name = self.state.actual or self.item.name
        clause = f"{self.key(name)} NOT VALID"
        steps = [self._alter(clause, [KEY, KEY], hazard=_WRITES)]
        kept = [] if self.state.presence is Presence.INVALID else steps
        return [*kept, self._validate(name, [SHARED, "RowShareLock"])]

    def key(self, name: str) -> str:
        """Return the clause that adds the foreign key."""
        referenced = self.names.columns(self.item.parent, self.item.parent_columns)
        return (
            f"ADD CONSTRAINT {self._quoted(name)} FOREIGN KEY ({self.columns()})"
            f" REFERENCES {self.parent} ({referenced}) ON DELETE {self.item.on_delete}"
        )

    def _validate(self, name: str, locks: list[str]) -> Step:
        return self._alter(f"VALIDATE CONSTRAINT {self._quoted(name)}", locks, LONG, "reads all")

    def _quoted(self, name: str) -> str:
        return self.names.quote(name)

    def _not_null(self) -> list[Step]:
        name = self.state.actual or check_name(self.names.mapping.table(self.item.table))
        held = next((c for c in self.found.constraints if c.name == name), None)
        if held is not None and held.type == "n":
            return [self._validate(name, [SHARED])]
        if self.found.version >= 18 and held is None:
            clause = f"ADD CONSTRAINT {self._quoted(name)} NOT NULL {self.columns()} NOT VALID"
            add = self._alter(clause, [EXCLUSIVE], hazard=_STOPS)
            return [add, self._validate(name, [SHARED])]
        return self._by_check(name, held is not None, bool(held is not None and held.valid))

    def _by_check(self, name: str, added: bool, valid: bool) -> list[Step]:
        """Before 18: a validated check spares SET NOT NULL its reading of the whole table."""
        column, table = self.columns(), self.names.mapping.table(self.item.table)
        is_set = self.found.columns[
            table, self.names.mapping.column(self.item.table, self.item.columns[0])
        ].required
        check = f"ADD CONSTRAINT {self._quoted(name)} CHECK ({column} IS NOT NULL) NOT VALID"
        steps = []
        if not added:
            steps.append(self._alter(check, [EXCLUSIVE], hazard=_STOPS))
        if not valid and not is_set:
            steps.append(self._validate(name, [SHARED]))
        if not is_set:
            steps.append(self._alter(f"ALTER COLUMN {column} SET NOT NULL", [EXCLUSIVE],
                                     hazard=_STOPS))  # fmt: skip
        drop = f"DROP CONSTRAINT {self._quoted(name)}"
        return [*steps, self._alter(drop, [EXCLUSIVE], hazard=_STOPS)]

    def _nullable(self) -> list[Step]:
        held = next((c for c in self.found.constraints if c.name == self.state.actual), None)
        drop_check = []
        if held is not None and held.type == "c":
            drop = f"DROP CONSTRAINT {self._quoted(held.name)}"
            drop_check.append(self._alter(drop, [EXCLUSIVE], hazard=_STOPS))
        clause = f"ALTER COLUMN {self.columns()} DROP NOT NULL"
        return [self._alter(clause, [EXCLUSIVE], hazard=_STOPS), *drop_check]

    def _visits(self) -> list[Step]:
        sql = create_visits(self.found, self.names)
        return [Step(self.item.name, sql, (), SHORT, "nobody uses the new table yet")]

    def _visit_id(self) -> list[Step]:
        key = self.names.mapping.table("visits"), self.names.mapping.column("visits", "id")
        made = self.found.columns.get(key)
        type_name = made.type if made is not None else _id_type(self.found, self.names)
        return [self._alter(f"ADD COLUMN {self.columns()} {type_name}", [EXCLUSIVE],
                            hazard=_STOPS)]  # fmt: skip


def _id_type(found: Found, names: Names) -> str:
    mapping = names.mapping
    return str(found.columns[mapping.table("recordings"), mapping.column("recordings", "id")].type)
