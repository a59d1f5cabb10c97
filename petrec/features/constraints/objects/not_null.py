"""NOT NULL on a recording's pet.

From version 18 on, NOT NULL itself can be added NOT VALID, then validated. Before that, a valid
check constraint is added first: it spares SET NOT NULL the scan of the whole table under its strong
lock.
https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL
"""

from collections.abc import Iterator

from psycopg import sql

from petrec.features.constraints.catalog.rows import ConstraintRow
from petrec.features.constraints.names import Name, cut, joined
from petrec.features.constraints.objects.base import PRESENT, Object, in_the_way
from petrec.features.constraints.state import Judgement, ObjectState, Presence, Step
from petrec.features.constraints.statements.constraint import (
    AddCheck,
    AddNotNull,
    DropConstraint,
    DropNotNull,
    SetNotNull,
    Validate,
)

_DIGITS = "0123456789"


class NotNull(Object):
    """NOT NULL of a column."""

    @property
    def name(self) -> str:
        """Return the name of the constraint that prepares NOT NULL."""
        return joined(self.table_name[:40], "_pet_id_not_null")

    @property
    def column(self) -> Name:
        """Return the column."""
        return self.columns[0]

    @property
    def is_set(self) -> bool:
        """Return whether the column is NOT NULL; not every row need have been checked."""
        return self.catalog.columns[self.table_name, self.column.bare].required

    def find(self) -> Judgement:
        """Return what the catalog says; the attribute alone does not say that it is valid."""
        pending = self._pending()
        if pending is not None:
            return Judgement(Presence.INVALID, pending.name, "NOT NULL is not validated")
        check = self.carrier()
        if check is not None:
            detail = (
                "its check constraint has not been dropped yet" if self.is_set else "in progress"
            )
            return Judgement(Presence.INVALID, check.name, detail)
        if self.is_set:
            return PRESENT
        place = (self.table_name, self.name)
        return in_the_way(
            next((c for c in self.catalog.constraints if (c.table, c.name) == place), None)
        )

    def judge_own(self) -> ObjectState:
        """Return the state for a rollback: the check that prepares it may be left."""
        column = self.catalog.column(self.spec.table, self.spec.columns[0])
        stays = self.catalog.pinned or self._foreign
        if column is not None and column.required and not stays:
            return self.own(Presence.PRESENT)
        left = self.carrier() is not None
        return self.own(Presence.INVALID if left else Presence.MISSING)

    def carrier(self) -> ConstraintRow | None:
        """Return the check that prepares NOT NULL before version 18.

        It may have a name that the server has cut to 63 bytes.
        """
        of_table = (c for c in self.catalog.constraints if c.table == self.table_name)
        checks = (c for c in of_table if c.demands_value and c.columns == self.column_names)
        return next((c for c in checks if c.name in self._names and not c.inherited), None)

    def make(self, state: ObjectState) -> list[Step]:
        """Return the steps that set it, or the remaining ones."""
        check, pending = self.carrier(), self._pending()
        if state.presence is Presence.INVALID and pending is not None:
            return [self._validate(pending.name)]
        if self.catalog.version >= 18 and check is None:
            return [self._add(AddNotNull), self._validate(self.name)]
        return self._carry(check)

    def _carry(self, check: ConstraintRow | None) -> list[Step]:
        """Return the steps by a check, some of which a stopped run may have done."""
        name = self.name if check is None else check.name
        steps = [self._add(AddCheck)] if check is None else []
        if not self.is_set:
            if check is None or not check.valid:
                steps.append(self._validate(name))
            sets = SetNotNull(table=self.table, below=self.below, column=self.column)
            steps.append(self.step(sets))
        return [*steps, self._drop(name)]

    def unmake(self, state: ObjectState) -> list[Step]:
        """Drop the check if it is left, and NOT NULL only if it is set."""
        check = self.carrier()
        steps = [self._drop(check.name)] if check is not None else []
        if state.presence is Presence.PRESENT:
            drop = DropNotNull(table=self.table, below=self.below, column=self.column)
            steps.append(self.step(drop))
        return steps

    def refused_rows(self) -> sql.Composed | None:
        """Return the query that counts the rows without a value."""
        if self.catalog.column(self.spec.table, self.spec.columns[0]) is None:
            return None
        query = sql.SQL("SELECT count(*) FROM {} WHERE {} IS NULL")
        return query.format(self.table, self.column)

    def names_taken(self, state: ObjectState) -> Iterator[tuple[Name, str]]:
        """Return constraints that the server would not merge with the one of the table."""
        below = {part.oid: part.qualified for part in self.parts[1:]}
        for each in self.catalog.all_constraints:
            if state.presence is not Presence.MISSING or each.table_oid not in below:
                continue
            of_column = each.columns == self.column_names
            by_type = each.type == "n" if self.catalog.version >= 18 else each.demands_value
            merged = of_column and not each.local and by_type
            stubborn = of_column and each.local and each.type == "n"
            if (each.name == self.name and not merged) or stubborn:
                yield below[each.table_oid], each.name

    def why_left(self) -> str:
        """Return why a rollback does not drop NOT NULL."""
        if self.catalog.pinned:
            return f"{self.spec.columns[0]} cannot drop it: {self.catalog.pinned}"
        return f"petrec did not make it; its name is {self._foreign[0]}"

    @property
    def _names(self) -> set[str]:
        """Return the names that petrec gives, also as the server has cut them to 63 bytes."""
        return {self.name, cut(f"{self.table_name[:40]}_pet_id_not_null")}

    @property
    def _foreign(self) -> list[str]:
        """Return the names of a NOT NULL that others created; it has a name from version 18 on.

        SET NOT NULL gives it a name of the server's form, for every role; with a number where the
        check of a stopped run has that name.
        """
        ours = {*self._names, f"{self.table_name}_{self.column.bare}_not_null"}
        found = [c for c in self.catalog.constraints if c.table == self.table_name]
        named = (c.name for c in found if (c.type, c.columns) == ("n", self.column_names))
        return [name for name in named if not ours & {name, name.rstrip(_DIGITS)}]

    def _pending(self) -> ConstraintRow | None:
        """Return the NOT NULL constraint if it exists and is not validated: from version 18 on."""
        wanted = (self.table_name, "n", False, self.column_names)
        held = self.catalog.constraints
        return next((c for c in held if (c.table, c.type, c.valid, c.columns) == wanted), None)

    def _add(self, how: type[AddNotNull]) -> Step:
        name, below = Name(self.name), self.below
        return self.step(how(table=self.table, below=below, name=name, column=self.column))

    def _validate(self, name: str) -> Step:
        return self.step(Validate(table=self.table, below=self.below, name=Name(name)))

    def _drop(self, name: str) -> Step:
        return self.step(DropConstraint(table=self.table, below=self.below, name=Name(name)))
