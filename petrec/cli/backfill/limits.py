"""Options of commands that write in batches: how far they may go."""

from pathlib import Path
from typing import Annotated

import typer

_WRITING = "Writing"
Target = Annotated[
    float,
    typer.Option(min=10, help="Longest time to hold a lock, ms.", rich_help_panel=_WRITING),
]
LagBytes = Annotated[
    int, typer.Option(min=0, help="Pause beyond this replica lag.", rich_help_panel=_WRITING)
]
LagSeconds = Annotated[
    float, typer.Option(min=0, help="Pause beyond this replica lag.", rich_help_panel=_WRITING)
]
IgnoreLag = Annotated[
    bool, typer.Option("--ignore-lag", help="Do not look at replicas.", rich_help_panel=_WRITING)
]
Rate = Annotated[
    float | None,
    typer.Option(min=0.1, help="At most this many rows a second.", rich_help_panel=_WRITING),
]
PauseFile = Annotated[
    Path | None,
    typer.Option(help="Pause while this file exists.", rich_help_panel=_WRITING),
]
Deadline = Annotated[
    float,
    typer.Option(
        min=0, help="Give up after this long without progress, s.", rich_help_panel=_WRITING
    ),
]
