"""The plan as revisions for a host project's own Alembic tree, one for each group."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.features.constraints.alembic.phases import Phase, Phases
from petrec.features.constraints.alembic.revision import Revision
from petrec.features.constraints.catalog.read import read_catalog
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.plan import Judged, Request
from petrec.features.constraints.result import ConstraintsPlan
from petrec.features.constraints.specs import ObjectKind
from petrec.features.constraints.state import ObjectState, Presence
from petrec.postgres.session_state import path_of


def make_revisions(
    connection: Connection, wanted: Request, head: str | None, lock_timeout_ms: int
) -> list[Revision]:
    """Return what is still to do, to come after `head`; errors: UsageError for nothing."""
    plan = wanted.plan(connection)
    if not plan.steps:
        raise UsageError(
            "there is nothing to write: this database already has all constraints and indexes",
            hint="export from a database at the head revision of your migrations",
        )
    judged = wanted.states(read_catalog(connection, wanted.mapping))
    return _Export(plan, Phases(lock_timeout_ms), path_of(connection)).revisions(judged, head)


@dataclass(frozen=True)
class _Export:
    """One plan, on its way into revisions."""

    plan: ConstraintsPlan
    phases: Phases
    search_path: str

    def revisions(self, judged: Judged, head: str | None) -> list[Revision]:
        """Return a revision for each group in which something is to do."""
        made: list[Revision] = []
        coming = {step.object for step in self.plan.steps}
        chosen = [(each, state) for each, state in judged if state.name in coming]
        for group, members in groupby(chosen, key=lambda each: each[1].group):
            made.append(self._revision(group, list(members), made[-1].id if made else head))
        return made

    def _revision(self, group: str, chosen: Judged, down: str | None) -> Revision:
        forward = [phase for each, _ in chosen for phase in self._forward(each)]
        back = [phase for each, state in reversed(chosen) for phase in self._back(each, state)]
        return Revision(
            id=hashlib.sha256(f"{self.plan.hash} {group}".encode()).hexdigest()[:12],
            down=down,
            group=group,
            plan=self.plan.hash,
            refusals=dict(_refusals(chosen)),
            forward=forward,
            back=back,
            search_path=self.search_path,
        )

    def _forward(self, wanted: Object) -> list[Phase]:
        steps = [step for step in self.plan.steps if step.object == wanted.spec.name]
        return self.phases.forward(wanted, steps)

    def _back(self, wanted: Object, state: ObjectState) -> list[Phase]:
        """Return the phases of a rollback of an object that exists."""
        # A constraint that was started under another name is finished under it; NOT NULL has none.
        actual = "" if wanted.spec.kind is ObjectKind.NOT_NULL else state.actual or state.name
        present = replace(state, presence=Presence.PRESENT, actual=actual)
        return self.phases.back(wanted, present)


def _refusals(chosen: Judged) -> Iterator[tuple[str, str]]:
    """Return, for each constraint still to come, the query that counts what it would refuse."""
    for wanted, state in chosen:
        query = wanted.refused_rows()
        if query is not None:
            yield state.name, query.as_string(None)
