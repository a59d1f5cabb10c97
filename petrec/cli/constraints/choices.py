"""Options that the commands of the group share."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from petrec.constraints.plan import Wanted
    from petrec.settings import Mapping


class Group(StrEnum):
    """A named part of the guide's schema."""

    REQUIRED = "required"
    INDEXES = "indexes"
    VISITS = "visits"


class OnDelete(StrEnum):
    """What deleting a pet does to its recordings."""

    CASCADE = "cascade"
    RESTRICT = "restrict"


Groups = Annotated[
    list[Group] | None,
    typer.Option("--group", metavar="NAME", help="Only this: required, indexes, visits."),
]
Membership = Annotated[
    bool, typer.Option("--membership", help="Also: the pet must belong to the appointment.")
]
AppointmentFk = Annotated[
    bool, typer.Option("--appointment-fk", help="Also: the appointment must exist.")
]
Delete = Annotated[
    OnDelete, typer.Option("--on-delete", help="What deleting a pet does to its recordings.")
]
LockTimeout = Annotated[
    int,
    typer.Option(
        "--lock-timeout", metavar="MS", min=1, help="The longest wait for a strong lock, a try."
    ),
]
Deadline = Annotated[
    float, typer.Option("--deadline", metavar="S", min=0.1, help="Give up after so long.")
]
Cancel = Annotated[
    bool,
    typer.Option("--cancel-blockers", help="Cancel, then terminate, sessions that block."),
]


def wanted(
    mapping: "Mapping",
    groups: list[Group] | None,
    on_delete: OnDelete,
    *,
    membership: bool,
    appointment_fk: bool,
) -> "Wanted":
    """Return what was asked for; without a group, everything of the guide."""
    from petrec.constraints.objects import DEFAULT_GROUPS
    from petrec.constraints.plan import Wanted

    chosen = tuple(group.value for group in groups or ()) or DEFAULT_GROUPS
    extra = ("membership",) * membership + ("appointment-fk",) * appointment_fk
    return Wanted(mapping, (*chosen, *extra), on_delete.value.upper())
