"""What all objects have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from petrec.features.constraints.catalog.read import Catalog
from petrec.features.constraints.catalog.rows import ConstraintRow, IndexRow, Part
from petrec.features.constraints.names import Name
from petrec.features.constraints.objects.needs import left_out
from petrec.features.constraints.specs import Spec
from petrec.features.constraints.state import (
    HELD,
    OPEN,
    Judgement,
    ObjectState,
    Presence,
    Problem,
    Step,
)
from petrec.features.constraints.statements.base import Statement, Waits

MISSING = Judgement(Presence.MISSING)
PRESENT = Judgement(Presence.PRESENT)


@dataclass(frozen=True)
class Object(ABC):
    """One object of the integration guide, seen in a catalog."""

    spec: Spec
    catalog: Catalog

    def judge(self) -> ObjectState:
        """Return the state of the object, under any name."""
        return self.state(left_out(self.catalog, self.spec) or self.find())

    def judge_own(self) -> ObjectState:
        """Return PRESENT or INVALID for what a rollback drops, and MISSING for what it leaves."""
        return self.judge()

    @abstractmethod
    def find(self) -> Judgement:
        """Return what the catalog says, once all that the object needs is there."""

    def apply(self, state: ObjectState) -> list[Step]:
        """Return the steps that are still to do."""
        return self.make(state) if state.presence in OPEN else []

    @abstractmethod
    def make(self, state: ObjectState) -> list[Step]:
        """Return the steps for an object that is missing or invalid."""

    def rollback(self, state: ObjectState) -> list[Step]:
        """Return the steps that take the object away; other names, tables and columns stay."""
        return self.unmake(state) if state.presence in HELD else []

    def unmake(self, state: ObjectState) -> list[Step]:  # noqa: ARG002 - a table or column stays
        """Return the steps that take away an object that is present or invalid."""
        return []

    def refused_rows(self) -> sql.Composed | None:
        """Return a query that counts the rows it would refuse; None where it refuses none."""
        return None

    def problems(self) -> Iterator[Problem]:
        """Return what would make the server refuse it, for every role."""
        yield from ()

    def names_taken(self, state: ObjectState) -> Iterator[tuple[Name, str]]:  # noqa: ARG002
        """Return partitions in which another object has a name that a step would use."""
        yield from ()

    def taken_over(self, state: ObjectState) -> list[str]:  # noqa: ARG002 - of partitions alone
        """Return what a rollback would drop with the object, though petrec did not create it."""
        return []

    def why_left(self) -> str:
        """Return why a rollback keeps an object that has petrec's name."""
        return ""

    @property
    def table(self) -> Name:
        """Return the object's table."""
        return self.catalog.names.table(self.spec.table)

    @property
    def table_name(self) -> str:
        """Return the physical name of the object's table."""
        return self.catalog.mapping.table(self.spec.table)

    @property
    def columns(self) -> tuple[Name, ...]:
        """Return the object's columns."""
        return self.catalog.names.columns(self.spec.table, self.spec.columns)

    @property
    def column_names(self) -> list[str]:
        """Return the physical names of the object's columns."""
        return [column.bare for column in self.columns]

    @property
    def parts(self) -> list[Part]:
        """Return the object's table and its partitions, topmost first; empty for a plain table."""
        return self.catalog.tree(self.table_name)

    @property
    def below(self) -> tuple[Name, ...]:
        """Return the partitions of the object's table."""
        return tuple(part.qualified for part in self.parts[1:])

    @property
    def leaves(self) -> list[Part]:
        """Return the partitions that hold rows."""
        return [part for part in self.parts if part.leaf]

    def step(self, statement: Statement) -> Step:
        """Return a step on the object's table, with what it reads."""
        rows, size = self.extent() if statement.waits is Waits.LONG else (0, 0)
        return Step(self.spec.name, statement, rows, size)

    def extent(self) -> tuple[int, int]:
        """Return the rows and the bytes of the object's table."""
        if self.parts:
            return sum(part.rows for part in self.leaves), sum(part.bytes for part in self.leaves)
        table = self.catalog.table(self.spec.table)
        return (table.rows, table.bytes) if table is not None else (0, 0)

    def state(self, verdict: Judgement) -> ObjectState:
        """Return a verdict as the state of this object."""
        spec = self.spec
        return ObjectState(
            spec.name, spec.group, self.table_name, spec.kind,
            verdict.presence, verdict.actual, verdict.detail,
        )  # fmt: skip

    def own(self, presence: Presence) -> ObjectState:
        """Return the state for a rollback."""
        actual = self.spec.name if presence is not Presence.MISSING else ""
        return self.state(Judgement(presence, actual))


def held(found: IndexRow | ConstraintRow | None) -> Presence:
    """Return the presence of what a rollback drops, if it is there."""
    if found is None:
        return Presence.MISSING
    return Presence.PRESENT if found.valid else Presence.INVALID


def present(spec: Spec, best: IndexRow | ConstraintRow) -> Judgement:
    """Return the verdict on an object that meets the request."""
    if not best.valid:
        return Judgement(Presence.INVALID, best.name, "not valid")
    if best.name == spec.name:
        return Judgement(Presence.PRESENT, best.name)
    return Judgement(Presence.EQUIVALENT, best.name, f"as {best.name}")


def in_the_way(taken: IndexRow | ConstraintRow | None) -> Judgement:
    """Return the verdict if another object may have the object's name."""
    if taken is None:
        return MISSING
    if isinstance(taken, ConstraintRow) and not taken.enforced:
        detail = f"{taken.name} exists but is not enforced; enable its triggers, or drop it"
        return Judgement(Presence.IN_THE_WAY, taken.name, detail)
    return Judgement(Presence.IN_THE_WAY, taken.name, f"{taken.name} is: {taken.definition}")
