"""The backfill as work for the journal: the evidence is checked again, under lock, at the write."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    select,
)

from petrec.features.runs.batches.items import numbered
from petrec.features.runs.batches.row_locks import (
    AppointmentLocks,
    item_column,
    location,
    locked_items,
)
from petrec.features.runs.batches.shard import of_page
from petrec.features.runs.batches.work import GuardedRows, Locked, RunWork
from petrec.features.runs.journal.tables import plan_items
from petrec.features.runs.run import Run
from petrec.postgres.identifiers import lock_table, lock_table_sql
from petrec.rules import Lists, judged, kind_column
from petrec.schema import Schema

_MOVED = "the recording has moved to another appointment"
_KEEPS_WRITERS_OUT = "SHARE"
_OTHER_PET = "the evidence now names another pet"


class BackfillWork(RunWork):
    """Recordings whose pet is certain, in the order of the plan."""

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the plan of this run."""
        return plan_items, plan_items.c.run_id == run.id

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock the planned appointments."""
        return self._locks(run).lock(connection, self, run, page)

    def lock_statement(self, run: Run) -> ClauseElement | str:
        """Return the statement by which `lock` locks; a string has no parameters."""
        return self._locks(run).lock_query()

    def _locks(self, run: Run) -> AppointmentLocks:
        """Return the appointments to lock, so that no pet can join them before the commit.

        A new row of appointment_pets takes FOR KEY SHARE on its appointment through its foreign
        key; FOR UPDATE excludes that. An appointment that another session holds is deferred.
        """
        items = select(plan_items.c.seq).where(numbered(*self.items(run)))
        return AppointmentLocks(self.schema, items, plan_items.c.appointment_id)

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Infer each pet again; the write applies if it is still certain and the same."""
        return self._guarded(run, of_page(self.schema))

    def proven_rows(self, run: Run) -> Select[Any] | None:
        """Do so without reading the appointments that are locked.

        A lock does not say whether a row meets a condition of the mapping.
        """
        if "appointments" in self.schema.filtered:
            return None
        proofs = replace(self.schema.proofs, recording_appointments_exist=True)
        return self._guarded(run, replace(self.schema, proofs=proofs))

    def _guarded(self, run: Run, schema: Schema) -> Select[Any]:
        held = locked_items(schema, plan_items, numbered(*self.items(run)))
        facts = judged(replace(schema, recordings=held), lists=Lists.PER_ROW)
        recording, pet = facts.recording, facts.certain_pet
        names = [column.name for column in plan_items.c]
        item = {name: facts.source.c[item_column(schema, name)] for name in names}
        planned = cast(item["pet_id"], schema.pets.c.id.type)
        place = cast(item["appointment_id"], recording.appointment_id.type)
        stayed = recording.appointment_id.is_not_distinct_from(place)
        otherwise = case(
            (~stayed, _MOVED), (pet.is_not(None), _OTHER_PET), else_=kind_column(facts)
        )
        rows = GuardedRows(
            seq=item["seq"],
            row_key=item["row_key"],
            strategy=func.coalesce(facts.strategy, item["strategy"]),
            applies=func.coalesce(and_(stayed, pet == planned), False),
            reason=otherwise,
            old={name: recording[name] for name in self.journaled(run)},
            new={"pet_id": pet} | {name: func.now() for name in run.target.touch},
        )
        return rows.select_from(facts.source, location=location(schema, recording))


class UnenforcedLinksWork(BackfillWork):
    """Without a foreign key from appointment_pets, only a table lock keeps new pets out."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock appointment_pets against writers for the rest of the batch."""
        del run
        lock_table(connection, self.schema.tables.links, _KEEPS_WRITERS_OUT)
        return Locked(page)

    def proven_rows(self, run: Run) -> Select[Any] | None:
        """Return None: no appointment is locked."""
        del run
        return None

    def lock_statement(self, run: Run) -> ClauseElement | str:
        """Return the statement by which `lock` locks."""
        del run
        return lock_table_sql(self.schema.tables.links, _KEEPS_WRITERS_OUT)


def backfill_work(schema: Schema) -> BackfillWork:
    """Choose the lock that prevents changes of the appointments' pets."""
    enforced = schema.links_follow_appointments
    return BackfillWork(schema) if enforced else UnenforcedLinksWork(schema)
