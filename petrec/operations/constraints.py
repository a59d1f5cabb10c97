"""Constraints and indexes: their state, the plan, and its steps in both directions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.features.constraints.alembic.export import make_revisions
from petrec.features.constraints.alembic.tree import Tree
from petrec.features.constraints.apply import Listener, apply_plan, apply_rollback
from petrec.features.constraints.holdups import Holdups, find_holdups
from petrec.features.constraints.plan import (
    Request,
    find_obstacles,
    refuse_without_privileges,
)
from petrec.features.constraints.result import (
    ConstraintsPlan,
    ConstraintsResult,
    ConstraintsStatus,
    Filled,
    Obstacles,
)
from petrec.features.constraints.space import refuse_without_room, with_space
from petrec.features.constraints.specs import DEFAULT_GROUPS, specs
from petrec.operations.callbacks import Confirm, Step, ignore, require
from petrec.operations.session import Session
from petrec.phrases import Phrase, Phrased
from petrec.postgres.ddl.run import LockPolicy
from petrec.postgres.writable import check_primary
from petrec.schema import Schema
from petrec.settings import Mapping

_READING = "reading the catalog"
_COUNTING = "counting rows that constraints would reject"


@dataclass(frozen=True)
class ConstraintChoice:
    """What is asked for.

    `groups` are parts of the backend integration guide's schema (required, indexes, visits), and
    `api`, the indexes of the API's lists.
    `membership` also requires that the pet belongs to the appointment, `appointment_fk` that the
    appointment exists. `on_delete` (cascade, restrict) is what deleting a pet does to its
    recordings. `keep` names objects that are not created if something blocks them. `grants`
    grants SELECT on the new visits table to every role that can read recordings.
    """

    groups: Sequence[str] = DEFAULT_GROUPS
    membership: bool = False
    appointment_fk: bool = False
    on_delete: str = "cascade"
    keep: Sequence[str] = ()
    grants: bool = False

    def wanted(self, mapping: Mapping, *, drop_visits: bool = False) -> Request:
        """Return the request; errors: UsageError."""
        extra = ("membership",) * self.membership + ("appointment-fk",) * self.appointment_fk
        if drop_visits and "visits" not in self.groups:
            raise UsageError(Phrased(Phrase.DROP_VISITS_NEEDS_GROUP),
                             hint=Phrased(Phrase.ADD_GROUP_VISITS))  # fmt: skip
        groups, on_delete = (*self.groups, *extra), self.on_delete.upper()
        known = [item.name for item in specs(groups, on_delete)]
        if unknown := next((name for name in self.keep if name not in known), None):
            raise UsageError(Phrased(Phrase.UNKNOWN_TO_KEEP, name=unknown),
                             hint=f"choose one of: {', '.join(known)}")  # fmt: skip
        return Request(
            mapping, groups, on_delete, drop_visits=drop_visits, keep=tuple(self.keep),
            grants=self.grants,
        )  # fmt: skip


def constraints_status(
    session: Session, choice: ConstraintChoice | None = None, *, step: Step = ignore
) -> ConstraintsStatus:
    """Return whether each constraint and index exists and is valid."""
    wanted = (choice or ConstraintChoice()).wanted(session.settings.mapping)
    step(_READING)
    return session.read(lambda connection, _: wanted.status(connection), makes_visits=True)


def plan_constraints(
    session: Session,
    choice: ConstraintChoice | None = None,
    *,
    free_space: int | None = None,
    step: Step = ignore,
) -> ConstraintsPlan:
    """Plan the ordered steps with their locks; count the rows they would reject. Writes nothing.

    `free_space` is the free space of the server's disk, in bytes, if petrec cannot measure it.
    """
    wanted = (choice or ConstraintChoice()).wanted(session.settings.mapping)

    def work(connection: Connection, _: Schema) -> ConstraintsPlan:
        plan = with_space(connection, wanted.plan(connection), free_space)
        step(_COUNTING)
        return replace(plan, refused=wanted.obstacles(connection, plan.steps))

    step(_READING)
    return session.read(work, makes_visits=True)


def apply_constraints(
    session: Session,
    choice: ConstraintChoice | None = None,
    *,
    limits: LockPolicy | None = None,
    only: str = "",
    free_space: int | None = None,
    confirm: Confirm[ConstraintsPlan] | None = None,
    listener: Listener | None = None,
) -> ConstraintsResult | Obstacles:
    """Create what is missing, without downtime; if rows block it, return their counts instead.

    `only` is the hash of a plan: another plan is not carried out. `listener` gets the notes
    before `confirm` is called with the plan, and the progress after. Errors: UsageError,
    NoRoomError, PermissionMissingError, TimedOutError.
    """
    wanted = (choice or ConstraintChoice()).wanted(session.settings.mapping)
    listener = listener or Listener(ignore)
    with session.snapshot(makes_visits=True) as (connection, schema):
        check_primary(connection)
        plan = with_space(connection, wanted.plan(connection), free_space)
        refuse_without_privileges(plan)
        obstacles = find_obstacles(connection, schema, wanted, plan)
        holdups = find_holdups(connection, plan)
    if obstacles is not None:
        return obstacles
    refuse_without_room(plan.space)
    if plan.space.is_unknown:
        listener.tell(plan.space.sentence)
    _announce(plan, holdups, listener)
    require(confirm, plan)
    with session.translated():
        seen, given = only or plan.hash, limits or LockPolicy()
        return apply_plan(session.engine, wanted, given, listener, seen, free_space)


def rollback_constraints(
    session: Session,
    choice: ConstraintChoice | None = None,
    *,
    drop_visits: bool = False,
    limits: LockPolicy | None = None,
    confirm: Confirm[ConstraintsPlan] | None = None,
    listener: Listener | None = None,
) -> ConstraintsResult | Filled:
    """Drop what petrec has created; with `drop_visits` also the empty visits table.

    If the visits are not empty, nothing is dropped and their counts are returned.
    """
    wanted = (choice or ConstraintChoice()).wanted(
        session.settings.mapping, drop_visits=drop_visits
    )
    listener = listener or Listener(ignore)

    def read(connection: Connection, _: Schema) -> tuple[ConstraintsPlan, Holdups, dict[str, int]]:
        check_primary(connection)
        plan = wanted.rollback(connection)
        refuse_without_privileges(plan)
        return plan, find_holdups(connection, plan), wanted.filled(connection)

    plan, holdups, counts = session.read(read, makes_visits=True)
    if counts:
        return Filled(counts)
    _announce(plan, holdups, listener)
    require(confirm, plan)
    with session.translated():
        return apply_rollback(session.engine, wanted, limits or LockPolicy(), listener)


def export_constraints(
    session: Session,
    tree: Tree,
    choice: ConstraintChoice | None = None,
    *,
    lock_timeout_ms: int = 300,
) -> list[Path]:
    """Write the steps as revisions into a project's Alembic tree; returns the files."""
    wanted = (choice or ConstraintChoice()).wanted(session.settings.mapping)
    revisions = session.read(
        lambda connection, _: make_revisions(connection, wanted, tree.head, lock_timeout_ms),
        makes_visits=True,
    )
    return list(tree.write(revisions))


def _announce(plan: ConstraintsPlan, holdups: Holdups, listener: Listener) -> None:
    for sentence in (*plan.notes, *holdups.sentences):
        listener.tell(sentence)
