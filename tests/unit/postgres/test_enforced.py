"""A demand is met by what does the same, whatever it is called, and by nothing else."""

import pytest

from petrec.postgres.enforced import Demand, Enforced, Nature

INDEX = Demand(Nature.INDEX, 1, ("a", "b"))
UNIQUE = Demand(Nature.UNIQUE, 1, ("a", "b"))
KEY = Demand(Nature.FOREIGN_KEY, 1, ("a", "b"), 2, ("x", "y"))


def found(
    nature: Nature, *columns: str, oid: int = 1, parent: int = 0, refers: str = ""
) -> Enforced:
    return Enforced("any", nature, oid, False, columns, parent, tuple(refers))


@pytest.mark.parametrize(
    ("wanted", "there", "met"),
    [
        (INDEX, found(Nature.INDEX, "a", "b"), True),
        (INDEX, found(Nature.UNIQUE_INDEX, "a", "b", "c"), True),
        (INDEX, found(Nature.INDEX, "b", "a"), False),
        (INDEX, found(Nature.INDEX, "a"), False),
        (INDEX, found(Nature.INDEX), False),
        (INDEX, found(Nature.INDEX, "a", "b", oid=2), False),
        (INDEX, found(Nature.UNIQUE, "a", "b"), False),
        (UNIQUE, found(Nature.PRIMARY_KEY, "b", "a"), True),
        (UNIQUE, found(Nature.UNIQUE_INDEX, "a", "b"), True),
        (UNIQUE, found(Nature.INDEX, "a", "b"), False),
        (UNIQUE, found(Nature.UNIQUE, "a", "b", "c"), False),
        (KEY, found(Nature.FOREIGN_KEY, "b", "a", parent=2, refers="yx"), True),
        (KEY, found(Nature.FOREIGN_KEY, "a", "b", parent=2, refers="yx"), False),
        (KEY, found(Nature.FOREIGN_KEY, "a", "b", parent=3, refers="xy"), False),
        (KEY, found(Nature.FOREIGN_KEY, "a", parent=2, refers="x"), False),
        (Demand(Nature.NOT_NULL, 1, ("a",)), found(Nature.NOT_NULL, "a"), True),
        (Demand(Nature.NOT_NULL, 1, ("a",)), found(Nature.CHECK, "a"), False),
    ],
)
def test_a_demand_is_met_by_what_does_the_same(wanted: Demand, there: Enforced, met: bool) -> None:
    assert wanted.is_met_by(there) is met
