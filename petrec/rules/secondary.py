"""Secondary facts: not kinds, because they overlap with them, but worth a look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from petrec.rules.agreement import owner_differs_sql
from petrec.schema import Schema


@dataclass(frozen=True)
class SecondaryFact:
    """A fact about recordings; `rows` selects their ids, or None where columns are missing."""

    id: str
    sentence: str
    rows: Callable[[Schema], Select[Any] | None]


def _owner_differs(schema: Schema) -> Select[Any] | None:
    recordings, pets, appointments = schema.recordings, schema.pets, schema.appointments
    if not schema.compares_owners:
        return None
    return (
        select(recordings.c.id)
        .join(pets, pets.c.id == recordings.c.pet_id)
        .join(appointments, appointments.c.id == recordings.c.appointment_id)
        .where(owner_differs_sql(pets, appointments))
    )


OWNER_DIFFERS = SecondaryFact(
    id="owner_differs",
    sentence="the pet's owner is not the appointment's owner",
    rows=_owner_differs,
)
SECONDARY = (OWNER_DIFFERS,)

# Its query needs petrec's journal, which the rules do not know.
EVIDENCE_OVERTAKEN = "evidence_overtaken"
FACT_IDS = (OWNER_DIFFERS.id, EVIDENCE_OVERTAKEN)
