"""The plan as revisions for a host project's own Alembic tree, one for each group."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.features.constraints.catalog import Found, read_catalog
from petrec.features.constraints.export_kept import unless_taken
from petrec.features.constraints.export_parts import PartPhases
from petrec.features.constraints.export_phases import Phase, asked_further, phases
from petrec.features.constraints.export_text import Revision
from petrec.features.constraints.objects import Item, Names, items
from petrec.features.constraints.plan import Wanted, refused_rows
from petrec.features.constraints.result import ConstraintsPlan, ObjectState, Presence
from petrec.features.constraints.steps import Maker
from petrec.postgres.session_state import path_of


def make_revisions(
    connection: Connection, wanted: Wanted, head: str | None, lock_timeout_ms: int
) -> list[Revision]:
    """Return what is still to do, to come after `head`; errors: UsageError for nothing."""
    plan = wanted.plan(connection)
    if not plan.steps:
        raise UsageError(
            "there is nothing to write: this database has everything already",
            hint="export from a database that your migrations have brought to their head",
        )
    found = read_catalog(connection, wanted.mapping)
    path = path_of(connection)
    return _Export(found, wanted, plan, lock_timeout_ms, path).revisions(head)


@dataclass(frozen=True)
class _Export:
    """One plan, on its way into revisions."""

    found: Found
    wanted: Wanted
    plan: ConstraintsPlan
    lock_timeout_ms: int
    search_path: str

    def revisions(self, head: str | None) -> list[Revision]:
        """Return a revision for each group in which something is to do."""
        made: list[Revision] = []
        coming = {step.object for step in self.plan.steps}
        ordered = items(self.wanted.groups, self.wanted.on_delete)
        for group, members in groupby(ordered, key=lambda item: item.group):
            chosen = [item for item in members if item.name in coming]
            if chosen:
                made.append(self._revision(group, chosen, made[-1].id if made else head))
        return made

    def _revision(self, group: str, chosen: list[Item], down: str | None) -> Revision:
        return Revision(
            id=hashlib.sha256(f"{self.plan.hash} {group}".encode()).hexdigest()[:12],
            down=down,
            group=group,
            plan=self.plan.hash,
            refusals=self._refusals(chosen),
            forward=[phase for item in chosen for phase in self._forward(item)],
            back=[phase for item in reversed(chosen) for phase in self._back(item)],
            search_path=self.search_path,
        )

    def _forward(self, item: Item) -> list[Phase]:
        maker = self._maker(item, self._states[item.name])
        if maker.by_parts:
            return PartPhases(maker, self.lock_timeout_ms).forward()
        steps = [step for step in self.plan.steps if step.object == item.name]
        return phases(steps, self.lock_timeout_ms, forward=True)

    def _back(self, item: Item) -> list[Phase]:
        """Return the phases of a rollback of an object, once it is there."""
        state = self._states[item.name]
        # A constraint begun under another name is finished under it; NOT NULL has no name of use.
        actual = "" if item.kind == "not null" else state.actual or item.name
        maker = self._maker(item, replace(state, presence=Presence.PRESENT, actual=actual))
        if maker.by_parts:
            return PartPhases(maker, self.lock_timeout_ms).back()
        dropped = phases(maker.rollback(), self.lock_timeout_ms, forward=False)
        return [asked_further(phase, unless_taken(maker)) for phase in dropped]

    def _refusals(self, chosen: list[Item]) -> dict[str, str]:
        """Return, for each constraint still to come, the query that counts what it would refuse."""
        asked = (self.wanted.groups, self.wanted.on_delete)
        names = Names(self.wanted.mapping)
        queries = {i.name: refused_rows(self.found, names, i.name, *asked) for i in chosen}
        return {name: query for name, query in queries.items() if query}

    def _maker(self, item: Item, state: ObjectState) -> Maker:
        return Maker(self.found, Names(self.wanted.mapping), item, state)

    @cached_property
    def _states(self) -> dict[str, ObjectState]:
        return {each.name: each for each in self.wanted.judged(self.found).objects}
