"""Options of commands that write in batches: limits of speed, lag and time, and what they print."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli.options import Printing, Yes

if TYPE_CHECKING:
    from petrec.features.runs.driver.throttle import Throttling


_WRITING = "Writing"
Target = Annotated[
    float,
    typer.Option(min=10, help="Longest time to hold a lock, in ms.", rich_help_panel=_WRITING),
]
LagBytes = Annotated[
    int,
    typer.Option(
        min=0,
        help="Pause while a replica lags by more than this, in bytes.",
        rich_help_panel=_WRITING,
    ),
]
LagSeconds = Annotated[
    float,
    typer.Option(
        min=0,
        help="Pause while a replica lags by more than this, in seconds.",
        rich_help_panel=_WRITING,
    ),
]
IgnoreLag = Annotated[
    bool,
    typer.Option(
        "--ignore-lag", help="Do not check the lag of replicas.", rich_help_panel=_WRITING
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.1, help="Most rows to write per second. Default: no limit.", rich_help_panel=_WRITING
    ),
]
PauseFile = Annotated[
    Path | None,
    typer.Option(help="Pause while this file exists.", rich_help_panel=_WRITING),
]
Deadline = Annotated[
    float,
    typer.Option(
        min=0, help="Stop after this long without progress, in seconds.", rich_help_panel=_WRITING
    ),
]


@dataclass(frozen=True)
class Writing(Printing):
    """Limits of a run, whether it asks, and what it prints."""

    yes: Yes = False
    target_ms: Target = 250.0
    max_lag_bytes: LagBytes = 64 * 1024 * 1024
    max_lag_seconds: LagSeconds = 10.0
    ignore_lag: IgnoreLag = False
    max_rows_per_second: Rate = None
    pause_file: PauseFile = None
    deadline: Deadline = 300.0

    def throttling(self) -> "Throttling":
        """Return the limits in the form that a run uses."""
        from petrec.features.runs.driver.throttle import Throttling

        return Throttling(
            target_ms=self.target_ms,
            max_lag_bytes=self.max_lag_bytes,
            max_lag_s=self.max_lag_seconds,
            ignore_lag=self.ignore_lag,
            max_rows_per_second=self.max_rows_per_second,
            pause_file=self.pause_file,
            deadline_s=self.deadline,
        )
