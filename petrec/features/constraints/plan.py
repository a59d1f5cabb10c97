"""The ordered steps from what is there to what is wanted, and the rows that stand in the way."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from petrec.errors import PermissionMissingError, UsageError
from petrec.features.constraints.catalog import Found, read_catalog
from petrec.features.constraints.feasible import find_missing_privileges, find_problems
from petrec.features.constraints.objects import Names, items
from petrec.features.constraints.own import own_state, why_left
from petrec.features.constraints.result import (
    ConstraintsPlan,
    ConstraintsStatus,
    Presence,
    Problem,
    Step,
)
from petrec.features.constraints.status import judge
from petrec.features.constraints.steps import Maker
from petrec.features.constraints.taken import find_taken
from petrec.features.constraints.visits_drop import drop_steps, filled, refuse_strangers
from petrec.features.constraints.visits_grant import grant_reading
from petrec.settings import Mapping


class Wanted:
    """What was asked for: groups, and what deleting a pet does to its recordings.

    With `drop_visits` a rollback takes the empty visits table and visit_id, too. With `grants`
    whoever may read recordings may read the visits table.
    """

    def __init__(
        self,
        mapping: Mapping,
        groups: tuple[str, ...],
        on_delete: str,
        *,
        drop_visits: bool = False,
        keep: tuple[str, ...] = (),
        grants: bool = False,
    ) -> None:
        self.mapping = mapping
        self.groups = groups
        self.on_delete = on_delete
        self.drop_visits = drop_visits
        self.keep = keep
        self.grants = grants

    def status(self, connection: Connection) -> ConstraintsStatus:
        """Read the state of everything."""
        found = read_catalog(connection, self.mapping)
        return self.judged(found)

    def judged(self, found: Found) -> ConstraintsStatus:
        """Return the state of everything in a catalog that was read."""
        return judge(found, self.mapping, self.groups, self.on_delete, self.keep)

    def plan(self, connection: Connection) -> ConstraintsPlan:
        """Return the steps still to do; errors: UsageError where something is in the way."""
        found = read_catalog(connection, self.mapping)
        _refuse_foreign(found, self.mapping)
        makers = self._makers(found)
        coming = [maker for maker in makers if not maker.state.is_done]
        names = Names(self.mapping)
        problems = [_in_the_way(m) for m in coming if m.state.presence is Presence.IN_THE_WAY]
        problems += find_problems(found, names, [maker.item for maker in coming])
        problems += find_taken(coming)
        if problems:
            reason, hint = _told(problems, "the plan cannot be carried out")
            raise UsageError(reason, hint=hint)
        steps = tuple(step for maker in makers for step in self._steps(found, maker))
        notes = self._notes(found, steps)
        return ConstraintsPlan(steps, notes, missing=self._missing(found, steps))

    def _steps(self, found: Found, maker: Maker) -> list[Step]:
        granting = self.grants and maker.item.kind == "table"
        return [*maker.apply(), *(grant_reading(found, maker) if granting else [])]

    def rollback(self, connection: Connection) -> ConstraintsPlan:
        """Return the steps that take everything away again, in the opposite order."""
        found = read_catalog(connection, self.mapping)
        _refuse_foreign(found, self.mapping)
        own = self._own_makers(found)
        if self.drop_visits:
            refuse_strangers(connection, found, Names(self.mapping))
            steps = tuple(drop_steps(self._makers(found), own))
            return ConstraintsPlan(steps, missing=self._missing(found, steps))
        dropped = [maker for maker in reversed(own) if not maker.taken_over()]
        steps = tuple(step for maker in dropped for step in maker.rollback())
        notes = tuple(self._kept(found, own))
        return ConstraintsPlan(steps, notes, missing=self._missing(found, steps))

    def _missing(self, found: Found, steps: tuple[Step, ...]) -> tuple[Problem, ...]:
        return tuple(find_missing_privileges(found, Names(self.mapping), steps))

    def _kept(self, found: Found, own: list[Maker]) -> Iterator[str]:
        """Return a note on everything that stays though it might be looked for."""
        if "visits" in self.groups:
            yield "the visits table and visit_id stay; --drop-visits drops them while empty"
        judged = {maker.item.name: maker.state for maker in self._makers(found)}
        for maker in own:
            name, state = maker.item.name, judged[maker.item.name]
            if taken := maker.taken_over():
                held = ", ".join(taken)
                yield f"{name} stays: dropping it would drop {held}, which petrec did not make"
            elif state.presence in {Presence.EQUIVALENT, Presence.IN_THE_WAY}:
                yield f"{state.actual or name} stays: petrec did not make it so ({state.detail})"
            elif state.presence is Presence.PRESENT and maker.state.presence is Presence.MISSING:
                yield f"{name} stays: {why_left(found, maker.item)}"

    def filled(self, connection: Connection) -> dict[str, int]:
        """Count the values that dropping the visits table and visit_id would lose."""
        found = read_catalog(connection, self.mapping)
        return filled(connection, found, Names(self.mapping)) if self.drop_visits else {}

    def obstacles(self, connection: Connection, steps: tuple[Step, ...]) -> dict[str, int]:
        """Count, for each constraint still to come, the rows that it would refuse."""
        names = Names(self.mapping)
        found = read_catalog(connection, self.mapping)
        coming = {step.object for step in steps}
        counts: dict[str, int] = {}
        for item in items(self.groups, self.on_delete):
            query = refused_rows(found, names, item.name, self.groups, self.on_delete)
            if item.name in coming and query:
                count = counted(connection, query)
                counts |= {item.name: count} if count else {}
        return counts

    def _makers(self, found: Found) -> list[Maker]:
        names = Names(self.mapping)
        states = self.judged(found).objects
        wanted = items(self.groups, self.on_delete)
        return [Maker(found, names, i, s) for i, s in zip(wanted, states, strict=True)]

    def _own_makers(self, found: Found) -> list[Maker]:
        names = Names(self.mapping)
        wanted = items(self.groups, self.on_delete)
        return [Maker(found, names, i, own_state(found, self.mapping, i)) for i in wanted]

    def _notes(self, found: Found, steps: tuple[Step, ...]) -> tuple[str, ...]:
        coming = {step.object for step in steps}
        notes = []
        if self.on_delete == "CASCADE" and "fk_recordings_pet_id" in coming:
            notes.append(
                "deleting a pet will delete its recordings; --on-delete restrict refuses it"
            )
        recordings = found.tables.get(self.mapping.table("recordings"))
        if recordings is not None and recordings.rules and "fk_recordings_pet_id" in coming:
            notes.append(
                "recordings has rules on UPDATE or DELETE: deleting a pet will fail where they"
                " rewrite what the foreign key does"
            )
        if "visits" in coming and found.role.readers and not self.grants:
            visits, readers = Names(self.mapping).table("visits"), ", ".join(found.role.readers)
            notes.append(
                f"roles that may read recordings will need the new table, too:"
                f" GRANT SELECT ON {visits} TO {readers}; or --grant-like-recordings"
            )
        return tuple(notes)


def refuse_without_privileges(plan: ConstraintsPlan) -> None:
    """Errors: PermissionMissingError with everything that the role lacks for the plan."""
    if plan.missing:
        reason, hint = _told(plan.missing, "the role lacks what the plan needs")
        raise PermissionMissingError(reason, hint=hint)


def _in_the_way(maker: Maker) -> Problem:
    state = maker.state
    return Problem(
        state.name,
        f"{state.name} is in the way: {state.detail}",
        f"rename or drop it; or keep it with --keep {state.name}",
    )


def _told(problems: Sequence[Problem], what: str) -> tuple[str, str]:
    """Return all reasons and all that can be done about them, each once."""
    reasons = list(dict.fromkeys(each.reason for each in problems))
    fixes = list(dict.fromkeys(each.fix for each in problems))
    reason = reasons[0] if len(reasons) == 1 else f"{what}: {'; '.join(reasons)}"
    return reason, " ".join(fixes) if all(f.endswith(";") for f in fixes) else "; ".join(fixes)


def counted(connection: Connection, query: str) -> int:
    """Return a count; names in the query may hold colons and percent signs."""
    return int(connection.exec_driver_sql(query.replace("%", "%%")).scalar_one())


def refused_rows(
    found: Found, names: Names, wanted: str, groups: tuple[str, ...], on_delete: str
) -> str | None:
    """Return the query that counts what a constraint would refuse; None for what refuses none."""
    item = next(each for each in items(groups, on_delete) if each.name == wanted)
    physical = names.mapping.table(item.table), names.mapping.table(item.parent)
    columns = [names.column(item.table, column) for column in item.columns]
    present = [names.mapping.column(item.table, column) for column in item.columns]
    if any((physical[0], column) not in found.columns for column in present):
        return None
    if item.kind == "not null":
        return f"SELECT count(*) FROM {names.table(item.table)} WHERE {columns[0]} IS NULL"  # noqa: S608 - quoted names
    if item.kind != "foreign key" or physical[1] not in found.tables:
        return None
    given = " AND ".join(f"c.{column} IS NOT NULL" for column in columns)
    referenced = [names.column(item.parent, column) for column in item.parent_columns]
    same = " AND ".join(f"p.{r} = c.{c}" for r, c in zip(referenced, columns, strict=True))
    return (
        f"SELECT count(*) FROM {names.table(item.table)} c WHERE {given}"  # noqa: S608 - quoted names
        f" AND NOT EXISTS (SELECT FROM {names.table(item.parent)} p WHERE {same})"
    )


def _refuse_foreign(found: Found, mapping: Mapping) -> None:
    parts = found.tree(mapping.table("recordings"))
    foreign = [part.name for part in parts if part.relkind == "f"]
    if foreign:
        raise UsageError(
            f"{foreign[0]} is a foreign table: nothing can be enforced on it from here",
            hint="detach it, and make its constraints on its own server",
        )
