"""What stands in the way before anything is changed: counted once, by rule, in one snapshot."""

from sqlalchemy import Connection

from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsPlan, Obstacles
from petrec.rules import FINDINGS
from petrec.rules.census import take_census
from petrec.schema import Schema


def find_obstacles(
    connection: Connection, schema: Schema, wanted: Request, plan: ConstraintsPlan
) -> Obstacles | None:
    """Return the rows that the plan's constraints would refuse, by constraint and by kind."""
    counts = wanted.obstacles(connection, plan.steps)
    if not counts:
        return None
    census = take_census(connection, schema)
    prevented = [kind for kind in FINDINGS if kind.prevented_by in counts]
    kinds = {kind.id: census.count(kind.id) for kind in prevented}
    return Obstacles(counts, {kind: count for kind, count in kinds.items() if count})
