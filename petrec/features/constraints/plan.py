"""The ordered steps from the current to the wanted state, and the rows that block them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.errors import PermissionMissingError, UsageError
from petrec.features.constraints.catalog.read import Catalog, read_catalog
from petrec.features.constraints.drop_visits import count_rows, drop_steps, filled, refuse_strangers
from petrec.features.constraints.names import Name
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.objects.guide import object_of
from petrec.features.constraints.objects.table import VisitsTable
from petrec.features.constraints.privileges import find_missing_privileges
from petrec.features.constraints.result import ConstraintsPlan, ConstraintsStatus, Obstacles
from petrec.features.constraints.specs import specs
from petrec.features.constraints.state import SHUT, ObjectState, Presence, Problem, Step
from petrec.features.constraints.stranded import stranded_rows
from petrec.phrases import Joined, Phrase, Phrased
from petrec.rules import FINDINGS
from petrec.rules.census import take_census
from petrec.rules.kind import Prevention
from petrec.schema import Schema
from petrec.settings import Mapping

Judged = list[tuple[Object, ObjectState]]
_NO_VISITS = "the group visits is not included: no visit_id and no index for it"


@dataclass(frozen=True)
class Request:
    """The request: groups, and what deleting a pet does to its recordings.

    With `drop_visits` a rollback also drops the empty visits table and visit_id. With `grants`
    every role that can read recordings gets SELECT on the visits table. `keep` names objects that
    are skipped if something is in their way.
    """

    mapping: Mapping
    groups: tuple[str, ...]
    on_delete: str
    drop_visits: bool = False
    keep: tuple[str, ...] = ()
    grants: bool = False

    def status(self, connection: Connection) -> ConstraintsStatus:
        """Read the state of everything."""
        return self.judged(read_catalog(connection, self.mapping))

    def judged(self, catalog: Catalog) -> ConstraintsStatus:
        """Return the state of everything in a catalog that was read."""
        notes = () if "visits" in self.groups else (_NO_VISITS,)
        return ConstraintsStatus(tuple(state for _, state in self.states(catalog)), notes)

    def states(self, catalog: Catalog) -> Judged:
        """Return each object with its state."""
        return [(each, self._kept(each.judge())) for each in self.objects(catalog)]

    def objects(self, catalog: Catalog) -> list[Object]:
        """Return the requested objects, in the order in which they are created."""
        return [object_of(catalog, spec) for spec in specs(self.groups, self.on_delete)]

    def _kept(self, state: ObjectState) -> ObjectState:
        if state.presence not in SHUT or state.name not in self.keep:
            return state
        return replace(state, presence=Presence.LEFT_OUT, detail=f"kept: {state.detail}")

    def plan(self, connection: Connection) -> ConstraintsPlan:
        """Return the steps still to do; errors: UsageError where something is in the way."""
        catalog = read_catalog(connection, self.mapping)
        _refuse_foreign(catalog)
        judged = self.states(catalog)
        coming = [(each, state) for each, state in judged if not state.is_done]
        problems = [*_problems(coming), *stranded_rows(catalog, (each for each, _ in coming))]
        if problems:
            reason, hint = _together(problems, "the plan cannot be applied")
            raise UsageError(reason, hint=hint)
        steps = tuple(step for each, state in judged for step in self._steps(each, state))
        notes = tuple(self._notes(catalog, steps))
        return ConstraintsPlan(steps, notes, missing=find_missing_privileges(catalog, steps))

    def _steps(self, wanted: Object, state: ObjectState) -> list[Step]:
        steps = wanted.apply(state)
        if self.grants and isinstance(wanted, VisitsTable):
            steps += wanted.grants(state)
        return steps

    def rollback(self, connection: Connection) -> ConstraintsPlan:
        """Return the steps that drop everything again, in the opposite order."""
        catalog = read_catalog(connection, self.mapping)
        _refuse_foreign(catalog)
        own = [(each, each.judge_own()) for each in self.objects(catalog)]
        if self.drop_visits:
            refuse_strangers(connection, catalog)
            steps = tuple(drop_steps(own))
            return ConstraintsPlan(steps, missing=find_missing_privileges(catalog, steps))
        dropped = [each for each in reversed(own) if not each[0].taken_over(each[1])]
        steps = tuple(step for each, state in dropped for step in each.rollback(state))
        notes, missing = tuple(self._left(catalog, own)), find_missing_privileges(catalog, steps)
        return ConstraintsPlan(steps, notes, missing=missing)

    def _left(self, catalog: Catalog, own: Judged) -> Iterator[str]:
        """Return a note on everything that stays, unexpectedly for the user."""
        if "visits" in self.groups:
            yield Phrased(Phrase.VISITS_STAY)
        for (each, mine), (_, state) in zip(own, self.states(catalog), strict=True):
            name = state.name
            if taken := each.taken_over(mine):
                held = ", ".join(taken)
                yield f"{name} stays: dropping it would also drop {held}, which petrec did not "
                "create"
            elif state.presence in {Presence.EQUIVALENT, Presence.IN_THE_WAY}:
                yield f"{state.actual or name} stays: petrec did not create it ({state.detail})"
            elif state.presence is Presence.PRESENT and mine.presence is Presence.MISSING:
                yield f"{name} stays: {each.why_left()}"

    def filled(self, connection: Connection) -> dict[str, int]:
        """Count the values that dropping the visits table and visit_id would lose."""
        if not self.drop_visits:
            return {}
        return filled(connection, read_catalog(connection, self.mapping))

    def obstacles(self, connection: Connection, steps: tuple[Step, ...]) -> dict[str, int]:
        """Count, for each constraint still to come, the rows that it would refuse."""
        catalog = read_catalog(connection, self.mapping)
        coming = {step.object for step in steps}
        objects = [each for each in self.objects(catalog) if each.spec.name in coming]
        queries = {each.spec.name: each.refused_rows() for each in objects}
        counts = {name: count_rows(connection, q) for name, q in queries.items() if q is not None}
        return {name: count for name, count in counts.items() if count}

    def _notes(self, catalog: Catalog, steps: tuple[Step, ...]) -> Iterator[str]:
        coming = {step.object for step in steps}
        recordings = catalog.table("recordings")
        if self.on_delete == "CASCADE" and Prevention.PET_KEY in coming:
            yield Phrased(Phrase.PETS_CASCADE)
        if recordings is not None and recordings.rules and Prevention.PET_KEY in coming:
            yield (
                "recordings has rules on UPDATE or DELETE: deleting a pet will fail if they "
                "rewrite the statements of the foreign key"
            )
        if "visits" in coming and catalog.role.readers and not self.grants:
            visits, readers = catalog.names.table("visits"), ", ".join(catalog.role.readers)
            yield Phrased(Phrase.READERS_OF_VISITS, visits=visits, readers=readers)


def find_obstacles(
    connection: Connection, schema: Schema, wanted: Request, plan: ConstraintsPlan
) -> Obstacles | None:
    """Return the rows that the plan's constraints would refuse, by constraint and by kind."""
    counts = wanted.obstacles(connection, plan.steps)
    if not counts:
        return None
    census = take_census(connection, schema)
    prevented = [kind for kind in FINDINGS if kind.prevented_by in counts]
    kinds = {kind.id: census.count(kind.id) for kind in prevented}
    return Obstacles(counts, {kind: count for kind, count in kinds.items() if count})


def refuse_without_privileges(plan: ConstraintsPlan) -> None:
    """Errors: PermissionMissingError with everything that the role lacks for the plan."""
    if plan.missing:
        reason, hint = _together(plan.missing, "the role lacks privileges that the plan needs")
        raise PermissionMissingError(reason, hint=hint)


def _problems(coming: Judged) -> Iterator[Problem]:
    """Return what is in the way, what the server would refuse, and names in use in partitions."""
    for _, state in coming:
        if state.presence is Presence.UNSUPPORTED:
            fix = Phrased(Phrase.LEAVE_OUT, name=state.name)
            yield Problem(state.name, f"{state.name} cannot be created: {state.detail}", fix)
        if state.presence is Presence.IN_THE_WAY:
            reason = f"{state.name} is in the way: {state.detail}"
            fix = Phrased(Phrase.RENAME_OR_KEEP, name=state.name)
            yield Problem(state.name, reason, fix)
    yield from chain.from_iterable(each.problems() for each, _ in coming)
    for each, state in coming:
        for part, name in each.names_taken(state):
            reason = f"at partition {part}, {Name(name)} is already the name of another object"
            yield Problem(state.name, reason, "rename or drop it")


def _together(problems: Sequence[Problem], what: str) -> tuple[str, str]:
    """Return all reasons and all fixes, each once."""
    reasons = list(dict.fromkeys(each.reason for each in problems))
    fixes = list(dict.fromkeys(each.fix for each in problems))
    reason = reasons[0] if len(reasons) == 1 else f"{what}: {'; '.join(reasons)}"
    return reason, Joined(" " if all(f.endswith(";") for f in fixes) else "; ", fixes)


def _refuse_foreign(catalog: Catalog) -> None:
    parts = catalog.tree(catalog.mapping.table("recordings"))
    foreign = [part.name for part in parts if part.relkind == "f"]
    if foreign:
        raise UsageError(
            f"{foreign[0]} is a foreign table: this server cannot enforce constraints on it",
            hint="detach it, and create its constraints on its own server",
        )
