"""There or back: the plan from the whole catalog, and whether a partition still asks for a step."""

from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.features.constraints.catalog.read import read_branch
from petrec.features.constraints.objects.base import Object
from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsPlan
from petrec.features.constraints.state import Step


@dataclass(frozen=True)
class Course:
    """What a run makes of the catalog: everything that was asked for, or with `back` its end."""

    wanted: Request
    back: bool = False

    def plan(self, connection: Connection) -> ConstraintsPlan:
        """Return the steps still to do."""
        return self.wanted.rollback(connection) if self.back else self.wanted.plan(connection)

    def is_next(self, connection: Connection, step: Step) -> bool:
        """Return whether the catalog of the step's partition still asks for this step first.

        It reads only the partition and its parents. For the few steps of other tables it
        returns False, so that they are planned again.
        """
        branch = read_branch(connection, self.wanted.mapping, step.statement.table)
        if branch is None:
            return False
        found = (each for each in self.wanted.objects(branch) if each.spec.name == step.object)
        return any(self._first(each) == step.sql for each in found)

    def _first(self, wanted: Object) -> str:
        if self.back:
            steps = wanted.rollback(wanted.judge_own())
        else:
            state = wanted.judge()
            taken = any(wanted.names_taken(state))
            steps = [] if taken else wanted.apply(state)
        return steps[0].sql if steps else ""
