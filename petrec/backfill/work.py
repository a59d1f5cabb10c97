"""The backfill as work for the journal: evidence checked again, under lock, as it is written."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    cast,
    func,
    select,
    text,
)

from petrec.journal.tables import plan_items
from petrec.journal.work import Locked, lock_recordings, numbered
from petrec.journal.write import has_key, new_value, old_value
from petrec.results.runs import Run
from petrec.rules import judged, kind_column
from petrec.schema import Schema

_OTHER_PET = "the evidence names another pet now"


class BackfillWork:
    """Recordings whose pet is certain, in the order of the plan."""

    settled_by: Sequence[int] = ()

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the plan of this run."""
        return plan_items, plan_items.c.run_id == run.id

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock recordings and their appointments, so that no pet can join one before the commit.

        A new row of appointment_pets takes FOR KEY SHARE on its appointment through its foreign
        key; FOR UPDATE excludes that. An appointment that another session holds is put off.
        """
        of_appointment = self._of_appointment(run)
        locked = list(connection.scalars(_lock_both(of_appointment), {"numbers": list(page)}))
        rest = sorted(set(page) - set(locked))
        if not rest:
            return Locked(locked, locked)
        alone = lock_recordings(connection, run, self, rest)
        # Of these, some have no appointment row, which needs no lock; the others' is not ours.
        held = set(connection.scalars(of_appointment, {"numbers": alone})) if alone else set()
        free = [number for number in alone if number not in held]
        return Locked(locked + alone, locked + free)

    def _of_appointment(self, run: Run) -> Select[Any]:
        """Select the items whose recording has an appointment row."""
        recording = self.schema.recordings.alias("recording")
        appointment = self.schema.appointments.alias("appointment")
        return (
            select(plan_items.c.seq)
            .join(recording, has_key(self.schema, recording.c, plan_items.c.row_key))
            .join(appointment, appointment.c.id == recording.c.appointment_id)
            .where(numbered(*self.items(run)))
        )

    def guarded(self, run: Run) -> Select[Any]:
        """Infer each pet anew; the write applies where it is still certain and the same."""
        facts = judged(self.schema, per_row=True)
        recording, pet = facts.recording, facts.certain_pet
        planned = cast(plan_items.c.pet_id, self.schema.pets.c.id.type)
        otherwise = case((pet.is_not(None), _OTHER_PET), else_=kind_column(facts))
        columns = ("pet_id", *run.target.touch)
        return (
            select(
                plan_items.c.seq,
                plan_items.c.row_key,
                func.coalesce(facts.strategy, plan_items.c.strategy).label("strategy"),
                func.coalesce(pet == planned, False).label("applies"),
                otherwise.label("reason"),
                *(recording[column].label(old_value(column)) for column in columns),
                pet.label(new_value("pet_id")),
                *(func.now().label(new_value(column)) for column in run.target.touch),
            )
            .join_from(
                plan_items, facts.source, has_key(self.schema, recording, plan_items.c.row_key)
            )
            .where(numbered(*self.items(run)))
        )

    def settle(self, connection: Connection, run: Run, ready: Sequence[int]) -> None:
        """Have nothing left to do."""


def _lock_both(of_appointment: Select[Any]) -> Select[Any]:
    """Lock recording and appointment by two clauses; SQLAlchemy has but one of its own.

    Where the second is held by others, the first stays locked, but the item is not returned.
    """
    clauses = "FOR NO KEY UPDATE OF recording SKIP LOCKED FOR UPDATE OF appointment SKIP LOCKED"
    return of_appointment.suffix_with(clauses)


class UnenforcedLinksWork(BackfillWork):
    """Without a foreign key from appointment_pets, only a table lock keeps new pets out."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock recordings, and appointment_pets against writers for the rest of the batch."""
        locked = lock_recordings(connection, run, self, page)
        table = connection.dialect.identifier_preparer.format_table(self.schema.links)
        connection.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        return Locked(locked, locked)


def backfill_work(schema: Schema) -> BackfillWork:
    """Choose how the appointments' pets are kept from changing."""
    enforced = schema.proofs.link_appointments_exist
    return BackfillWork(schema) if enforced else UnenforcedLinksWork(schema)
