"""Options that choose the cases of a review."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli.bundle import Bundle
from petrec.cli.options import Timezone

if TYPE_CHECKING:
    from petrec.operations.review import CaseFilter

_DAY = ["%Y-%m-%d"]


@dataclass(frozen=True)
class Chosen(Bundle):
    """The kinds, practices, vets and days of the cases; all of them, by default."""

    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only cases of this kind.")
    ] = None
    practice: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only cases of this practice.")
    ] = None
    vet: Annotated[
        list[str] | None,
        typer.Option(metavar="VET", help="Only cases of this vet, by id or full name."),
    ] = None
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=_DAY, help="Recorded on this day or later."),
    ] = None
    until: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=_DAY, help="Recorded on this day or before."),
    ] = None
    timezone: Timezone = ""

    def cases(self) -> "CaseFilter":
        """Return the choice in the form that the operations use."""
        from petrec.operations.review import CaseFilter

        days = _day(self.since), _day(self.until)
        return CaseFilter(
            self.kind or (), self.practice or (), self.vet or (), *days, self.timezone
        )


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
