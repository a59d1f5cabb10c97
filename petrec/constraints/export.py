"""The plan as revisions for a host project's own Alembic tree, one for each group."""

import hashlib
from itertools import groupby

from msgspec.structs import replace
from sqlalchemy import Connection

from petrec.constraints.catalog import Found, read_catalog
from petrec.constraints.export_phases import phases
from petrec.constraints.export_text import Revision
from petrec.constraints.objects import Item, Names, items
from petrec.constraints.plan import Wanted, refused_rows
from petrec.constraints.status import judge
from petrec.constraints.steps import Maker
from petrec.errors import UsageError
from petrec.results.constraints import Presence, Step


def make_revisions(
    connection: Connection, wanted: Wanted, head: str | None, lock_timeout_ms: int
) -> list[Revision]:
    """Return what is still to do, to come after `head`; errors: UsageError for nothing."""
    plan = wanted.plan(connection)
    found = read_catalog(connection, wanted.mapping.schema)
    _refuse_partitions(found, wanted)
    if not plan.steps:
        raise UsageError(
            "there is nothing to write: this database has everything already",
            hint="export from a database that your migrations have brought to their head",
        )
    return _revisions(found, wanted, plan.steps, plan.hash, head, lock_timeout_ms)


def _revisions(
    found: Found,
    wanted: Wanted,
    steps: tuple[Step, ...],
    plan: str,
    head: str | None,
    lock_timeout_ms: int,
) -> list[Revision]:
    made: list[Revision] = []
    ordered = items(wanted.groups, wanted.on_delete)
    for group, members in groupby(ordered, key=lambda item: item.group):
        chosen = list(members)
        names = {item.name for item in chosen}
        forward = [step for step in steps if step.object in names]
        if forward:
            coming = {step.object for step in forward}
            back = _back(found, wanted, [item for item in chosen if item.name in coming])
            revision = Revision(
                id=hashlib.sha256(f"{plan} {group}".encode()).hexdigest()[:12],
                down=made[-1].id if made else head,
                group=group,
                plan=plan,
                refusals=_refusals(found, wanted, coming),
                forward=phases(forward, lock_timeout_ms, forward=True),
                back=phases(back, lock_timeout_ms, forward=False),
            )
            made.append(revision)
    return made


def _back(found: Found, wanted: Wanted, made: list[Item]) -> list[Step]:
    """Return the steps of a rollback of these, once they are there."""
    states = {
        s.name: s for s in judge(found, wanted.mapping, wanted.groups, wanted.on_delete).objects
    }
    steps: list[Step] = []
    for item in reversed(made):
        # A constraint begun under another name is finished under it; NOT NULL has no name of use.
        actual = "" if item.kind == "not null" else states[item.name].actual or item.name
        state = replace(states[item.name], presence=Presence.PRESENT, actual=actual)
        steps += Maker(found, Names(wanted.mapping), item, state).rollback()
    return steps


def _refusals(found: Found, wanted: Wanted, coming: set[str]) -> dict[str, str]:
    """Return, for each constraint still to come, the query that counts what it would refuse."""
    names, asked = Names(wanted.mapping), (wanted.groups, wanted.on_delete)
    queries = {
        item.name: refused_rows(found, names, item.name, *asked)
        for item in items(*asked)
        if item.name in coming
    }
    return {name: query for name, query in queries.items() if query}


def _refuse_partitions(found: Found, wanted: Wanted) -> None:
    table = found.tables.get(wanted.mapping.table("recordings"))
    if table is not None and table.relkind == "p":
        raise UsageError(
            "recordings is partitioned: its steps depend on the partitions of this very database",
            hint="run petrec constraints apply on each database instead",
        )
