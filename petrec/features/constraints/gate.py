"""What stands in the way before anything is changed: counted once, by rule, in one snapshot."""

from sqlalchemy import Connection

from petrec.features.constraints.plan import Wanted
from petrec.features.constraints.result import ConstraintsPlan, Obstacles
from petrec.rules import FINDINGS
from petrec.rules.census import take_census
from petrec.schema import Schema

# The rules name what prevents a kind by columns; here the constraints have the guide's names.
_PREVENTS = {
    "recordings_pet_id_not_null": "recordings.pet_id NOT NULL",
    "fk_recordings_pet_id": "foreign key recordings.pet_id",
    "fk_recordings_membership": "foreign key recordings (appointment_id, pet_id)",
    "fk_recordings_appointment_id": "foreign key recordings.appointment_id",
}


def find_obstacles(
    connection: Connection, schema: Schema, wanted: Wanted, plan: ConstraintsPlan
) -> Obstacles | None:
    """Return the rows that the plan's constraints would refuse, by constraint and by kind."""
    counts = wanted.obstacles(connection, plan.steps)
    if not counts:
        return None
    census = take_census(connection, schema)
    broken = {_PREVENTS.get(name, "") for name in counts}
    kinds = {
        kind.id: census.count(kind=kind.id) for kind in FINDINGS if kind.prevented_by in broken
    }
    return Obstacles(counts, {kind: count for kind, count in kinds.items() if count})
