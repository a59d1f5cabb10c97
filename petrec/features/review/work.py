"""Decisions as work for the journal: each is compared with the recording again, under lock."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import LateralFromClause

from petrec.features.review.case import Verdict
from petrec.features.review.state import state_sql
from petrec.features.runs.batches.carried import ask
from petrec.features.runs.batches.items import numbered
from petrec.features.runs.batches.row_locks import (
    ROW_LOCATION,
    AppointmentLocks,
    location,
    system_columns,
)
from petrec.features.runs.batches.shard import of_page, written_of_page
from petrec.features.runs.batches.work import GuardedRows, Locked, RunWork
from petrec.features.runs.journal.keys import has_key
from petrec.features.runs.journal.tables import decisions, link_changes
from petrec.features.runs.run import LinkAction, Run
from petrec.postgres.identifiers import lock_table
from petrec.rules import Lists, judged
from petrec.rules.facts_sql import FactColumns
from petrec.rules.outcome import becomes_ok_sql, outcome_query
from petrec.schema import Schema

_CHANGED = "the recording has changed since it was exported"
_NOT_OK = "the decision no longer makes the recording ok"


class ReviewWork(RunWork):
    """The decisions of one run that write something."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.rows = of_page(schema)

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the run's decisions that name a pet."""
        writing = decisions.c.verdict.in_([Verdict.ASSIGN, Verdict.LINK])
        return decisions, and_(decisions.c.run_id == run.id, writing)

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock recordings, then their old and new appointments, so that the pets do not change.

        Without a foreign key from appointment_pets, only a lock on that table keeps pets out.
        """
        ready = self._lock_recordings(connection, run, page)
        if not self.schema.links_follow_appointments:
            lock_table(connection, self.schema.tables.links, "SHARE ROW EXCLUSIVE")
            return Locked(ready)
        items = select(decisions.c.seq).where(numbered(*self.items(run)))
        recordings = written_of_page(self.schema, self.schema.recordings)
        recorded = items.join(recordings, has_key(self.schema, recordings.c, decisions.c.row_key))
        left = AppointmentLocks(self.schema, recorded, recordings.c.appointment_id)
        entered = AppointmentLocks(self.schema, items, decisions.c.appointment_id)
        for locks in (left, entered):
            ready = locks.lock(connection, self, run, ready).ready
        return Locked(ready)

    def _lock_recordings(
        self, connection: Connection, run: Run, page: Sequence[int]
    ) -> Sequence[int]:
        """Lock the recordings, since a decision does not hold their current appointment."""
        recordings = written_of_page(self.schema, self.schema.recordings)
        query = (
            select(decisions.c.seq)
            .join(recordings, has_key(self.schema, recordings.c, decisions.c.row_key))
            .where(numbered(*self.items(run)))
            .with_for_update(of=recordings, skip_locked=True, key_share=True)
        )
        return ask(connection, self, run, query, page).scalars().all()

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Compare each state with the decision's; check the recording as it would be."""
        place = system_columns(self.rows.recordings, ROW_LOCATION)
        facts = judged(self.rows, *place, lists=Lists.PER_ROW)
        recording = facts.recording
        ours = self._added(run, facts) if run.target.links else None
        same = state_sql(self.rows, facts, without=ours) == decisions.c.state
        fits = FactColumns(self._outcome(facts))
        ok = and_(becomes_ok_sql(fits), fits.source.c.may_link)
        rows = GuardedRows(
            seq=decisions.c.seq,
            row_key=decisions.c.row_key,
            strategy=decisions.c.verdict,
            applies=func.coalesce(and_(same, ok), false()),
            reason=case((same, _NOT_OK), else_=_CHANGED),
            old={name: recording[name] for name in self.journaled(run)},
            new=self._new(run),
            links=decisions.c.verdict == Verdict.LINK if run.target.links else None,
        )
        source = decisions.join(
            facts.source, has_key(self.schema, recording, decisions.c.row_key)
        ).join(fits.source, true())
        mine = numbered(*self.items(run))
        return rows.select_from(source, mine, location(self.schema, recording))

    def _new(self, run: Run) -> dict[str, ColumnElement[Any]]:
        recordings = self.rows.recordings
        decided = {
            name: cast(decisions.c[name], recordings.c[name].type)
            for name in ("pet_id", *run.target.also)
        }
        return decided | {name: func.now() for name in run.target.touch}

    def _added(self, run: Run, facts: FactColumns) -> ColumnElement[Any]:
        """Return the pets that this run has added to an appointment, which the state ignores."""
        place = facts.recording.appointment_id
        kind = self.schema.links.c.pet_id.type
        pets = select(func.array_agg(cast(link_changes.c.pet_id, kind))).where(
            link_changes.c.run_id == run.id,
            link_changes.c.action == LinkAction.ADDED,
            cast(link_changes.c.appointment_id, place.type) == place,
        )
        # It is nested two queries deep in the one that reads the facts.
        mine = pets.correlate(facts.source).scalar_subquery()
        return func.coalesce(mine, cast([], ARRAY(kind)))

    def _outcome(self, facts: FactColumns) -> LateralFromClause:
        """Select each recording's facts as they would be, and whether the pet may be added.

        By what the row has already: if this read the page again, it might do so for each row.
        """
        recordings = self.rows.recordings
        pet = cast(decisions.c.pet_id, recordings.c.pet_id.type)
        place = cast(decisions.c.appointment_id, recordings.c.appointment_id.type)
        query = outcome_query(
            self.rows,
            pet=pet,
            appointment=place,
            visit=facts.recording.get("visit_id"),
            adds=decisions.c.verdict == Verdict.LINK,
            can_add=self._can_add(pet, place),
        )
        return query.lateral("outcome")

    def _can_add(self, pet: ColumnElement[Any], place: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return whether the run can add the pet: a link that `where` ignores blocks it."""
        added = decisions.c.verdict == Verdict.LINK
        if "appointment_pets" not in self.schema.filtered:
            return added
        links = self.schema.tables.links
        stored = exists().where(links.c.appointment_id == place, links.c.pet_id == pet)
        return and_(added, ~stored.correlate(decisions))
