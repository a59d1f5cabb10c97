"""The backfill as work for the journal: the evidence is checked again, under lock, at the write."""

from collections.abc import Sequence
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
    ROW_VERSION,
    lock_available,
    lock_query,
    locked_as_read,
    system_columns,
)
from petrec.features.runs.batches.shard import in_places, of_page
from petrec.features.runs.batches.work import GuardedRows, RunWork
from petrec.features.runs.journal.keys import has_key
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

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Lock the planned appointments; returns the items whose appointment was free."""
        of_appointment = self._of_appointment(run)
        return lock_available(connection, self, run, of_appointment, page)

    def lock_statement(self, run: Run) -> ClauseElement | str:
        """Return the statement by which `lock` locks; a string has no parameters."""
        return lock_query(self.schema.tables.appointments, self._of_appointment(run))

    def _of_appointment(self, run: Run) -> Select[Any]:
        """Select the items whose appointment is locked, so that no pet can join before the commit.

        A new row of appointment_pets takes FOR KEY SHARE on its appointment through its foreign
        key; FOR UPDATE excludes that. An appointment that another session holds is deferred.
        """
        appointments = self.schema.tables.appointments
        mine = appointments.c.id == cast(plan_items.c.appointment_id, appointments.c.id.type)
        of_appointment = select(plan_items.c.seq).join(appointments, mine)
        one_shard = in_places(self.schema, appointments.c.id)
        return of_appointment.where(numbered(*self.items(run)), one_shard)

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Infer each pet again; the write applies if it is still certain and the same."""
        schema = of_page(self.schema)
        facts = judged(schema, *system_columns(schema.recordings, ROW_VERSION), lists=Lists.PER_ROW)
        recording, pet = facts.recording, facts.certain_pet
        planned = cast(plan_items.c.pet_id, schema.pets.c.id.type)
        place = cast(plan_items.c.appointment_id, recording.appointment_id.type)
        stayed = recording.appointment_id.is_not_distinct_from(place)
        otherwise = case(
            (~stayed, _MOVED), (pet.is_not(None), _OTHER_PET), else_=kind_column(facts)
        )
        rows = GuardedRows(
            seq=plan_items.c.seq,
            row_key=plan_items.c.row_key,
            strategy=func.coalesce(facts.strategy, plan_items.c.strategy),
            applies=func.coalesce(and_(stayed, pet == planned), False),
            reason=otherwise,
            old={name: recording[name] for name in self.journaled(run)},
            new={"pet_id": pet} | {name: func.now() for name in run.target.touch},
        )
        source = plan_items.join(facts.source, has_key(schema, recording, plan_items.c.row_key))
        query = rows.select_from(source, numbered(*self.items(run)))
        return locked_as_read(schema, query, recording, plan_items.c.row_key)


class UnenforcedLinksWork(BackfillWork):
    """Without a foreign key from appointment_pets, only a table lock keeps new pets out."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Lock appointment_pets against writers for the rest of the batch."""
        del run
        lock_table(connection, self.schema.tables.links, _KEEPS_WRITERS_OUT)
        return list(page)

    def lock_statement(self, run: Run) -> ClauseElement | str:
        """Return the statement by which `lock` locks."""
        del run
        return lock_table_sql(self.schema.tables.links, _KEEPS_WRITERS_OUT)


def backfill_work(schema: Schema) -> BackfillWork:
    """Choose the lock that prevents changes of the appointments' pets."""
    enforced = schema.links_follow_appointments
    return BackfillWork(schema) if enforced else UnenforcedLinksWork(schema)
