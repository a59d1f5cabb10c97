"""Foreign keys: added NOT VALID, which reads no row, then validated beside reads and writes.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT
"""

from collections.abc import Iterator

from psycopg import sql

from petrec.features.constraints.catalog.rows import ConstraintRow, IndexRow, TableRow
from petrec.features.constraints.names import Name
from petrec.features.constraints.objects.base import Object, held, in_the_way, present
from petrec.features.constraints.state import Judgement, ObjectState, Presence, Problem, Step
from petrec.features.constraints.statements.constraint import (
    AddForeignKey,
    DropConstraint,
    Validate,
)

ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_REFUSED = sql.SQL(
    "SELECT count(*) FROM {table} c WHERE {given}"
    " AND NOT EXISTS (SELECT FROM {parent} p WHERE {same})"
)


class ForeignKey(Object):
    """A foreign key of a table whose rows it can check at once."""

    @property
    def parent(self) -> Name:
        """Return the referenced table."""
        return self.catalog.names.table(self.spec.parent)

    @property
    def referenced(self) -> tuple[Name, ...]:
        """Return the referenced columns."""
        return self.catalog.names.columns(self.spec.parent, self.spec.parent_columns)

    def find(self) -> Judgement:
        """Return what the catalog says."""
        rows = [c for c in self.catalog.constraints if c.table == self.table_name]
        matching = [c for c in rows if self.links(c)]
        same = [c for c in matching if c.enforced and self._acts(c)]
        best = max(same, key=lambda c: (c.valid, c.name == self.spec.name), default=None)
        if best is not None:
            return present(self.spec, best)
        named = next((c for c in rows if c.name == self.spec.name), None)
        taken = named or next(iter(matching), None)
        return in_the_way(taken) if taken or self._is_supported() else self._unsupported()

    def _is_supported(self) -> bool:
        columns = [column.bare for column in self.columns]
        pairs = zip(columns, (column.bare for column in self.referenced), strict=True)
        own, parent = self.spec.table, self.spec.parent
        return self.catalog.placement(own).can_refer(self.catalog.placement(parent), pairs)

    def _unsupported(self) -> Judgement:
        own, parent = map(self.catalog.placement, (self.spec.table, self.spec.parent))
        detail = f"Citus has no foreign key from {self.table}, a {own.words},"
        detail += f" to {self.parent}, a {parent.words}"
        return Judgement(Presence.UNSUPPORTED, detail=detail)

    def judge_own(self) -> ObjectState:
        """Return the state for a rollback: of the key with the integration guide's name."""
        place = (self.table_name, self.spec.name)
        named = [c for c in self.catalog.constraints if (c.table, c.name) == place]
        mine = (c for c in named if self.links(c) and self._acts(c) and not c.attached)
        return self.own(held(next(mine, None)))

    def links(self, constraint: ConstraintRow) -> bool:
        """Return whether it is a key of these columns to this table, by OID, not by name."""
        parent = self.catalog.table(self.spec.parent)
        referenced = tuple(column.bare for column in self.referenced)
        return parent is not None and constraint.is_key(
            tuple(self.column_names), parent.oid, referenced
        )

    def keys_of(self, oid: int) -> list[ConstraintRow]:
        """Return the keys of a table that meet the request, valid ones first."""
        keys = [c for c in self.catalog.constraints_of(oid) if self.links(c)]
        return sorted((c for c in keys if c.enforced and self._acts(c)), key=lambda c: not c.valid)

    def _acts(self, constraint: ConstraintRow) -> bool:
        return ON_DELETE[constraint.on_delete] == self.spec.on_delete

    def make(self, state: ObjectState) -> list[Step]:
        """Return the steps that add and validate the key."""
        name = Name(state.actual or self.spec.name)
        validate = Validate(table=self.table, below=self.below, name=name, parent=self.parent)
        add = self.add(AddForeignKey, self.table, name, self.below)
        begun = state.presence is Presence.INVALID
        return [*([] if begun else [self.step(add)]), self.step(validate)]

    def add(
        self, how: type[AddForeignKey], table: Name, name: Name, below: tuple[Name, ...] = ()
    ) -> AddForeignKey:
        """Return the statement that adds the key to its table or to a partition."""
        return how(
            table=table,
            below=below,
            name=name,
            columns=self.columns,
            parent=self.parent,
            referenced=self.referenced,
            on_delete=self.spec.on_delete,
        )

    def unmake(self, state: ObjectState) -> list[Step]:
        """Return the step that drops the key."""
        name = Name(state.actual or self.spec.name)
        drop = DropConstraint(table=self.table, below=self.below, name=name, parent=self.parent)
        return [self.step(drop)]

    def refused_rows(self) -> sql.Composed | None:
        """Return the query that counts the rows without a parent; None if they cannot be read.

        A key needs no SELECT on the parent: then the server alone judges the rows.
        """
        spec = self.spec
        held = [self.catalog.column(spec.table, column) for column in spec.columns]
        held += [self.catalog.column(spec.parent, column) for column in spec.parent_columns]
        if not all(column is not None and column.readable for column in held):
            return None
        pairs = zip(self.referenced, self.columns, strict=True)
        both = sql.SQL(" AND ")
        given = both.join(sql.SQL("c.{} IS NOT NULL").format(column) for column in self.columns)
        same = both.join(sql.SQL("p.{} = c.{}").format(*pair) for pair in pairs)
        return _REFUSED.format(table=self.table, parent=self.parent, given=given, same=same)

    def why_left(self) -> str:
        """Return why a rollback leaves it."""
        return "it is part of one on the parent table"

    def problems(self) -> Iterator[Problem]:
        """Return why the parent table cannot be referenced."""
        parent = self.catalog.table(self.spec.parent)
        if parent is not None:
            yield from self._unlogged(parent)
            yield from self._not_unique(parent)
            yield from self._types_differ()

    def _unlogged(self, parent: TableRow) -> Iterator[Problem]:
        child = self.catalog.table(self.spec.table)
        if parent.persistence == "u" and (child is None or child.persistence == "p"):
            reason = (
                f"{self.table} is a logged table, which cannot reference the unlogged table "
                f"{self.parent}"
            )
            fix = f"ALTER TABLE {self.parent} SET LOGGED; this rewrites all rows"
            yield Problem(self.spec.name, reason, fix)

    def _not_unique(self, parent: TableRow) -> Iterator[Problem]:
        wanted = {column.bare for column in self.referenced}
        rows = [i for i in self.catalog.indexes if i.table_oid == parent.oid and i.unique]
        unique = [i for i in rows if set(i.columns[: i.keys]) == wanted]
        if any(index.immediate and index.valid for index in unique):
            return
        columns = ", ".join(map(str, self.referenced))
        fix = f"ALTER TABLE {self.parent} ADD UNIQUE ({columns}); delete duplicates first"
        yield Problem(self.spec.name, self._why_not_unique(columns, unique), fix)

    def _why_not_unique(self, columns: str, unique: list[IndexRow]) -> str:
        if not unique:
            return f"{self.parent} has no primary key or unique constraint on {columns}"
        state = "not valid" if unique[0].immediate else "deferrable, and cannot be referenced"
        return f"{unique[0].name}, which makes {columns} of {self.parent} unique, is {state}"

    def _types_differ(self) -> Iterator[Problem]:
        tables = self.table.bare, self.parent.bare
        both = zip(self.columns, self.referenced, strict=True)
        pairs = {(own.bare, other.bare) for own, other in both}
        for each in self.catalog.unlike:
            if (each.child, each.parent) == tables and (each.own, each.other) in pairs:
                own = f"{self.table}.{Name(each.own)} is {each.type}"
                other = f"{self.parent}.{Name(each.other)} is {each.parent_type}"
                yield Problem(self.spec.name, f"{own}, {other}", "give both columns the same type")
