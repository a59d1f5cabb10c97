"""Options that the commands of the group share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli.bundle import Bundle
from petrec.features.constraints.disk import to_bytes

if TYPE_CHECKING:
    from petrec.operations.constraints import ConstraintChoice
    from petrec.postgres.ddl.run import LockPolicy


class Group(StrEnum):
    """A named part of the integration guide's schema, or the indexes of the API's lists."""

    REQUIRED = "required"
    INDEXES = "indexes"
    VISITS = "visits"
    API = "api"


class OnDelete(StrEnum):
    """What happens to a pet's recordings when the pet is deleted."""

    CASCADE = "cascade"
    RESTRICT = "restrict"


Groups = Annotated[
    list[Group] | None,
    typer.Option(
        "--group",
        metavar="NAME",
        help="Only this group: required, indexes, visits or api. Repeat for several.",
    ),
]
Membership = Annotated[
    bool, typer.Option("--membership", help="Also require that the pet belongs to the appointment.")
]
AppointmentFk = Annotated[
    bool, typer.Option("--appointment-fk", help="Also require that the appointment exists.")
]
Delete = Annotated[
    OnDelete,
    typer.Option("--on-delete", help="What happens to a pet's recordings when the pet is deleted."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="NAME",
        help="Do not create this object; keep what blocks it.",
    ),
]
Grants = Annotated[
    bool,
    typer.Option(
        "--grant-like-recordings",
        help="Grant SELECT on the new visits table to every role that can read recordings.",
    ),
]
LockTimeout = Annotated[
    int,
    typer.Option(
        "--lock-timeout",
        metavar="MS",
        min=1,
        help="Longest wait for a strong lock per attempt, in ms.",
    ),
]
Deadline = Annotated[
    float,
    typer.Option("--deadline", metavar="S", min=0.1, help="Stop after this long, in seconds."),
]
Cancel = Annotated[
    bool,
    typer.Option(
        "--cancel-blockers",
        help="Cancel, then terminate, sessions that block a statement.",
    ),
]
FreeSpace = Annotated[
    int | None,
    typer.Option(
        "--free-space",
        metavar="SIZE",
        parser=to_bytes,
        help="Free disk space of the server, such as 20GB, if petrec cannot measure it.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Choice(Bundle):
    """The objects that are requested."""

    groups: Groups = None
    membership: Membership = False
    appointment_fk: AppointmentFk = False
    on_delete: Delete = OnDelete.CASCADE
    keep: Keep = None

    def made(self, *, grants: bool = False) -> "ConstraintChoice":
        """Return the request; without a group, all groups of the integration guide."""
        from petrec.features.constraints.specs import DEFAULT_GROUPS
        from petrec.operations.constraints import ConstraintChoice

        return ConstraintChoice(
            groups=[group.value for group in self.groups or ()] or DEFAULT_GROUPS,
            membership=self.membership,
            appointment_fk=self.appointment_fk,
            on_delete=self.on_delete.value,
            keep=self.keep or (),
            grants=grants,
        )


@dataclass(frozen=True)
class Waiting(Bundle):
    """How long to wait for locks, and whether to cancel the sessions that hold them."""

    lock_timeout: LockTimeout = 300
    deadline: Deadline = 3600.0
    cancel_blockers: Cancel = False

    def limits(self) -> "LockPolicy":
        """Return the limits in the form that the runner uses."""
        from petrec.postgres.ddl.run import LockPolicy

        return LockPolicy(self.lock_timeout, self.deadline, self.cancel_blockers)
