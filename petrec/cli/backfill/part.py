"""Options that limit a backfill to a part of the recordings, to try it there first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from petrec.cli.bundle import Bundle
from petrec.errors import UsageError

_PART = "Part of the recordings"
Limit = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Plan at most N recordings, to try a small part first.",
        rich_help_panel=_PART,
        show_default=False,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Plan only recordings with this value in a column, or else in a column of their "
        "appointment. Repeat for several.",
        rich_help_panel=_PART,
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Plan only recordings created since then (7d, 24h, 2026-01-31).",
        rich_help_panel=_PART,
        show_default=False,
    ),
]


@dataclass(frozen=True)
class PartOptions(Bundle):
    """Which part of the recordings is planned."""

    limit: Limit = None
    where: Where = None
    since: Since = None

    def values(self) -> Mapping[str, str]:
        """Return the values by column; errors: UsageError."""
        given: dict[str, str] = {}
        for condition in self.where or ():
            column, sign, value = condition.partition("=")
            if not sign or not column.strip():
                hint = "write --where practice_id=VALUE"
                raise UsageError(f"--where {condition!r} is not COLUMN=VALUE", hint=hint)
            if column.strip() in given:
                hint = "give each column once; all conditions must hold"
                raise UsageError(f"--where names {column.strip()!r} twice", hint=hint)
            given[column.strip()] = value
        return given
