"""Options of `petrec validate`: what findings are judged by, and what is checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from petrec.cli.audit import FailLevel
from petrec.cli.bundle import Bundle
from petrec.errors import UsageError

_RATCHET, _SCOPE = "Baseline", "Scope"

BaselineFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File of known findings: only new ones fail. Default: \\[validate] baseline.",
        rich_help_panel=_RATCHET,
        show_default=False,
    ),
]
UpdateBaseline = Annotated[
    bool,
    typer.Option(
        "--update-baseline",
        help="Write the current findings to the baseline.",
        rich_help_panel=_RATCHET,
    ),
]
NoBaseline = Annotated[
    bool,
    typer.Option(
        "--no-baseline",
        help="Check all findings, even if petrec.toml names a baseline.",
        rich_help_panel=_RATCHET,
    ),
]
NewRows = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write kind and id of each recording that is new since the baseline, as CSV.",
        rich_help_panel=_RATCHET,
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Check only recordings created since then (7d, 24h, 2026-01-31).",
        rich_help_panel=_SCOPE,
        show_default=False,
    ),
]
Expect = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File of constraints and indexes that must be valid. Default: \\[validate] expect.",
        rich_help_panel=_SCOPE,
        show_default=False,
    ),
]
NoRows = Annotated[
    bool, typer.Option("--no-rows", help="Show no ids of recordings.", rich_help_panel=_SCOPE)
]
AllowEmpty = Annotated[
    bool,
    typer.Option(
        "--allow-empty",
        help="Exit with 0 if there is no recording to check.",
        rich_help_panel=_SCOPE,
    ),
]
FailFrom = Annotated[
    FailLevel, typer.Option(help="Exit with 1 if a finding has this level or a higher one.")
]


@dataclass(frozen=True)
class Ratchet(Bundle):
    """The known findings."""

    baseline: BaselineFile = None
    update_baseline: UpdateBaseline = False
    no_baseline: NoBaseline = False
    new_rows: NewRows = None

    def file(self, configured: Path | None) -> Path | None:
        """Return the file of known findings, if there is one; errors: UsageError."""
        if self.no_baseline and self.baseline is not None:
            reason = "--baseline and --no-baseline exclude each other"
            raise UsageError(reason, hint="give one of them")
        return None if self.no_baseline else self.baseline or configured


@dataclass(frozen=True)
class ScopeOptions(Bundle):
    """What is checked, and what fails."""

    since: Since = None
    expect: Expect = None
    no_rows: NoRows = False
    allow_empty: AllowEmpty = False
    fail_level: FailFrom = FailLevel.ERROR
