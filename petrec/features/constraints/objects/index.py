"""Indexes, built concurrently: beside reads and writes."""

from petrec.features.constraints.catalog.rows import IndexRow
from petrec.features.constraints.disk import index_bytes
from petrec.features.constraints.names import Name
from petrec.features.constraints.objects.base import Object, held, in_the_way, present
from petrec.features.constraints.state import Judgement, ObjectState, Presence, Step
from petrec.features.constraints.statements.index import CreateIndex, DropIndex

# A column that an earlier step adds is visit_id: at most as wide as a uuid.
_NEW_WIDTH = 16


class Index(Object):
    """An index of a plain table."""

    def find(self) -> Judgement:
        """Return what the catalog says."""
        name = self.spec.name
        same = [i for i in self.catalog.indexes if i.table == self.table_name and self.serves(i)]
        usable = [i for i in same if i.valid or i.name == name or i.building]
        best = max(usable, key=lambda i: (i.valid, i.name == name), default=None)
        if best is not None and best.building:
            return Judgement(Presence.BEING_BUILT, best.name, "another session is building it")
        if best is not None:
            return present(self.spec, best)
        taken = next((i for i in self.catalog.indexes if i.name == name), None)
        if taken is None and self.catalog.has_relation(name):
            return Judgement(Presence.IN_THE_WAY, detail="another relation has its name")
        return in_the_way(taken)

    def judge_own(self) -> ObjectState:
        """Return the state for a rollback: of the index with the integration guide's name."""
        place = (self.table_name, self.spec.name)
        named = [i for i in self.catalog.indexes if (i.table, i.name) == place]
        mine = (i for i in named if i.attachable and not i.building and self.serves(i))
        return self.own(held(next((i for i in mine if i.attached_to is None), None)))

    def serves(self, index: IndexRow) -> bool:
        """Return whether an index has the requested columns and condition."""
        if not index.plain or index.columns != self.column_names:
            return False
        return index.where_given if self.spec.partial else index.whole

    def make(self, state: ObjectState) -> list[Step]:
        """Return the build; the leftover of a failed build is dropped first."""
        build = self.build(self.table, self.spec.name, *self.extent())
        return [*(self.unmake(state) if state.presence is Presence.INVALID else []), build]

    def unmake(self, state: ObjectState) -> list[Step]:
        """Return the step that drops the index."""
        index = self.catalog.names.in_schema(state.actual or self.spec.name)
        return [self.step(DropIndex(table=self.table, index=index))]

    def build(self, table: Name, name: str, rows: int, size: int) -> Step:
        """Return the build on the table, or a partition, of this extent."""
        create = self.create(CreateIndex, table, Name(name))
        return Step(self.spec.name, create, rows, size, self._bytes(rows, size))

    def create(self, how: type[CreateIndex], table: Name, name: Name) -> CreateIndex:
        """Return the statement that makes the index of its table or of a partition."""
        visit = self.catalog.names.column(self.spec.table, "visit_id")
        given = visit if self.spec.partial else None
        return how(table=table, name=name, columns=self.columns, given=given)

    def _bytes(self, rows: int, table_bytes: int) -> int:
        known = [self.catalog.column(self.spec.table, column) for column in self.spec.columns]
        widths = [column.width if column is not None else _NEW_WIDTH for column in known]
        return index_bytes(rows, table_bytes, widths)

    def why_left(self) -> str:
        """Return why a rollback leaves it."""
        return "it is part of one on the parent table"
