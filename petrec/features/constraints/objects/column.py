"""The column of recordings that refers to a visit."""

from collections.abc import Iterator

from petrec.errors import UsageError
from petrec.features.constraints.objects.base import MISSING, PRESENT, Object
from petrec.features.constraints.objects.index import Index
from petrec.features.constraints.state import Judgement, ObjectState, Presence, Problem, Step
from petrec.features.constraints.statements.table import AddColumn, DropEmptyColumn


class VisitColumn(Object):
    """The column recordings.visit_id."""

    def find(self) -> Judgement:
        """Return what the catalog says."""
        column = self.catalog.column(self.spec.table, self.spec.columns[0])
        return PRESENT if column is not None else MISSING

    def make(self, state: ObjectState) -> list[Step]:  # noqa: ARG002 - it is there or not
        """Return the step that adds it, with the type of the visits' ids."""
        made = self.catalog.column("visits", "id") or self.catalog.column("recordings", "id")
        kind = made.type if made is not None else ""
        column = self.columns[0]
        add = AddColumn(table=self.table, below=self.below, column=column, type=kind)
        return [self.step(add)]

    def problems(self) -> Iterator[Problem]:
        """Return the problem of a partition, whose columns are those of its parent table."""
        table = self.catalog.table(self.spec.table)
        if table is not None and table.partition:
            reason = f"{self.table} is a partition, to which no column can be added"
            fix = "map recordings to its parent table, or name other groups"
            yield Problem(self.spec.name, reason, fix)

    def drop(self, state: ObjectState, indexes: list[Index]) -> list[Step]:
        """Drop it with its indexes if it is empty.

        Without an index, the last look would read all rows under the lock: build the first one.
        """
        if state.presence is not Presence.PRESENT:
            return []
        last = self.step(
            DropEmptyColumn(table=self.table, below=self.below, column=self.columns[0])
        )
        states = [index.judge() for index in indexes]
        if any(each.presence in {Presence.PRESENT, Presence.EQUIVALENT} for each in states):
            return [last]
        build = indexes[0].apply(states[0])
        if not build:
            raise UsageError(
                f"{states[0].name} is {states[0].presence}: {states[0].detail}",
                hint="the column is only dropped if an index proves quickly that it is empty",
            )
        return [*build, last]
