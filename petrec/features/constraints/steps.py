"""From a state to the statements that make it present, and back; each runs alone."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from petrec.features.constraints.catalog import Found
from petrec.features.constraints.estimate import index_bytes
from petrec.features.constraints.modes import EXCLUSIVE, KEY, LONG, SHARED, SHORT
from petrec.features.constraints.objects import Item, Names
from petrec.features.constraints.partitions import Partitioned
from petrec.features.constraints.result import Lock, ObjectState, Presence, Step
from petrec.features.constraints.status import carrying_check, check_name
from petrec.features.constraints.visits import create_visits

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
        if self.item.kind == "index":
            return [*halves, Partitioned(self).drop() if self.parts else self._drop_index()]
        if self.item.kind == "foreign key":
            return [*halves, self._drop_key()]
        return self._nullable() if self.item.kind == "not null" else []

    def taken_over(self) -> list[str]:
        """Return what a rollback would drop with the object, though petrec did not make it."""
        if not self.parts or self.item.kind not in {"index", "foreign key"}:
            return []
        held = self.state.presence in {Presence.PRESENT, Presence.INVALID}
        return Partitioned(self).taken_over() if held else []

    def _drop_key(self) -> Step:
        name = self._quoted(self.state.actual or self.item.name)
        return self._alter(f"DROP CONSTRAINT {name}", [EXCLUSIVE, EXCLUSIVE], hazard=_STOPS)

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
        check = carrying_check(self.found, self.names.mapping, self.item)
        if self.state.presence is Presence.INVALID and self._pending:
            return [self._validate(self.state.actual, [SHARED])]
        name = check_name(self.names.mapping.table(self.item.table))
        if self.found.version >= 18 and check is None:
            clause = f"ADD CONSTRAINT {self._quoted(name)} NOT NULL {self.columns()} NOT VALID"
            add = self._alter(clause, [EXCLUSIVE], hazard=_STOPS)
            return [add, self._validate(name, [SHARED])]
        return self._by_check(check)

    @property
    def _pending(self) -> bool:
        """NOT NULL itself is there and not validated: from version 18 on."""
        table = self.names.mapping.table(self.item.table)
        return any(
            (c.table, c.type, c.name) == (table, "n", self.state.actual)
            for c in self.found.constraints
        )

    @property
    def _required(self) -> bool:
        mapping = self.names.mapping
        column = mapping.column(self.item.table, self.item.columns[0])
        return bool(self.found.columns[mapping.table(self.item.table), column].required)

    def _by_check(self, check: Any) -> list[Step]:
        """Before 18: a validated check spares SET NOT NULL its reading of the whole table."""
        name = (
            check_name(self.names.mapping.table(self.item.table)) if check is None else check.name
        )
        column, quoted = self.columns(), self._quoted(name)
        steps = []
        if check is None:
            clause = f"ADD CONSTRAINT {quoted} CHECK ({column} IS NOT NULL) NOT VALID"
            steps.append(self._alter(clause, [EXCLUSIVE], hazard=_STOPS))
        if not self._required:
            if check is None or not check.valid:
                steps.append(self._validate(name, [SHARED]))
            clause = f"ALTER COLUMN {column} SET NOT NULL"
            steps.append(self._alter(clause, [EXCLUSIVE], hazard=_STOPS))
        return [*steps, self._alter(f"DROP CONSTRAINT {quoted}", [EXCLUSIVE], hazard=_STOPS)]

    def _nullable(self) -> list[Step]:
        """Take the check away that may be left, and NOT NULL only where it is set."""
        check = carrying_check(self.found, self.names.mapping, self.item)
        clauses = [f"DROP CONSTRAINT {self._quoted(check.name)}"] if check is not None else []
        if self.state.presence is Presence.PRESENT:
            clauses.append(f"ALTER COLUMN {self.columns()} DROP NOT NULL")
        return [self._alter(clause, [EXCLUSIVE], hazard=_STOPS) for clause in clauses]

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
