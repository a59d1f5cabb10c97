"""Phases of a partitioned table: each query lists the partitions that there are when it runs.

A row of a query fills one statement, so a partition that came after the export is served, too.
"""

from dataclasses import dataclass

from petrec.features.constraints.export_kept import unless_taken
from petrec.features.constraints.export_phases import Phase, array, braced, literal, needed
from petrec.features.constraints.status import ON_DELETE
from petrec.features.constraints.steps import Maker


@dataclass(frozen=True)
class PartPhases:
    """Writes the phases of one object of a partitioned table."""

    maker: Maker
    lock_timeout_ms: int

    def forward(self) -> list[Phase]:
        """Return what makes it: an index, or a foreign key before version 18."""
        return self._index() if self.maker.item.kind == "index" else self._key()

    def back(self) -> list[Phase]:
        """Return what takes it away, with what a run that was stopped did not attach."""
        if self.maker.item.kind == "index":
            return [
                self._drop(f"DROP INDEX {self._name}"),
                self._each("LEFT_FRAMES", "DROP INDEX {index}", self._of_left),
                self._long("LEFT_INDEXES", "DROP INDEX CONCURRENTLY {index}", self._of_left),
            ]
        drop = f"DROP CONSTRAINT {self.maker.item.name}"
        return [
            self._drop(f"ALTER TABLE {self.maker.table} {drop}"),
            self._each("LEFT_KEYS", f"ALTER TABLE {{part}} {drop}", self._of_key),
        ]

    def _index(self) -> list[Phase]:
        """From above: a partition made after the frame comes with an index of its own."""
        columns = self.maker.indexed()
        of = {"index": literal(self._name)}
        frame = f"CREATE INDEX {self.maker.item.name} ON ONLY {self.maker.table} {columns}"
        each = f"{{part}} {braced(columns)}"
        attach = "ALTER INDEX {above} ATTACH PARTITION {index}"
        return [
            self._plain(frame),
            self._each("FRAMELESS", f"CREATE INDEX {{index}} ON ONLY {each}", of),
            self._long("BROKEN", "DROP INDEX CONCURRENTLY {index}", of),
            self._long("UNBUILT", f"CREATE INDEX CONCURRENTLY {{index}} ON {each}", of),
            self._each("LOOSE", attach, of),
        ]

    def _key(self) -> list[Phase]:
        key, name = self.maker.key(self.maker.item.name), self.maker.item.name
        add = f"ALTER TABLE {{part}} {braced(key)} NOT VALID"
        check = "ALTER TABLE {part} VALIDATE CONSTRAINT {key}"
        return [
            self._each("KEYLESS", add, self._of_key),
            self._long("UNCHECKED", check, self._of_key),
            self._plain(f"ALTER TABLE {self.maker.table} {self.maker.key(name)}"),
        ]

    @property
    def _name(self) -> str:
        return self.maker.names.in_schema(self.maker.item.name)

    @property
    def _of_left(self) -> dict[str, str]:
        return {"table": literal(self.maker.table), "index": literal(self.maker.item.name)}

    @property
    def _of_key(self) -> dict[str, str]:
        item, mapping = self.maker.item, self.maker.names.mapping
        code = next(code for code, name in ON_DELETE.items() if name == item.on_delete)
        pairs = (
            f"{mapping.column(item.table, own)} {mapping.column(item.parent, other)}"
            for own, other in zip(item.columns, item.parent_columns, strict=True)
        )
        return {
            "table": literal(self.maker.table),
            "parent": literal(self.maker.parent),
            "on_delete": literal(code),
            "pairs": array(sorted(pairs)),
            "name": literal(item.name),
        }

    def _plain(self, sql: str) -> Phase:
        return Phase(needed(sql), self.lock_timeout_ms, braced(sql))

    def _drop(self, sql: str) -> Phase:
        query = needed(sql) + unless_taken(self.maker)
        return Phase(query, self.lock_timeout_ms, braced(sql))

    def _each(self, shared: str, sql: str, of: dict[str, str]) -> Phase:
        return Phase(shared, self.lock_timeout_ms, sql, of)

    def _long(self, shared: str, sql: str, of: dict[str, str]) -> Phase:
        return Phase(shared, 0, sql, of)
