"""What a command is doing, on standard error, where a person can see it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from petrec.documents.amounts import duration, rate

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.status import Status

    from petrec.features.runs.run import Run


@dataclass
class Activity:
    """The callbacks of an operation: one display at a time, none without a terminal.

    `unfinished` is the run that was started and is not done.
    """

    visible: bool
    unfinished: int | None = None
    _shown: ExitStack = field(default_factory=ExitStack)
    _status: "Status | None" = None
    _bar: "Progress | None" = None

    def step(self, text: str) -> None:
        """Show the current step."""
        if not self.visible:
            return
        if self._status is None:
            from rich.console import Console

            self.clear()
            self._status = Console(stderr=True).status(text)
            self._shown.enter_context(self._status)
        self._status.update(text)

    def aside(self, ask: Callable[[str], bool], question: str) -> bool:
        """Ask with the display hidden."""
        self.clear()
        return ask(question)

    def progress(self, run: "Run") -> None:
        """Show a run's rows, rate, time taken and time left, with what slows it down."""
        self.unfinished = run.id if run.is_unfinished else None
        if not self.visible:
            return
        if self._bar is None:
            self.clear()
            self._bar = self._shown.enter_context(_new_bar())
        self._bar.update(
            self._bar.task_ids[0],
            description=f"run {run.id}",
            total=run.planned,
            completed=run.changed + run.skipped,
            rate=rate(run.rows_per_second),
            left="" if run.eta_seconds is None else f"{duration(run.eta_seconds)} left",
            why=run.throttled_by or f"batches of {run.batch_size}",
        )

    def clear(self) -> None:
        """Clear the display."""
        self._shown.close()
        self._status = self._bar = None


@contextmanager
def activity(*, quiet: bool) -> Iterator[Activity]:
    """Yield the display of a command; it shows nothing without a terminal."""
    shown = Activity(visible=not quiet and sys.stderr.isatty())
    try:
        yield shown
    finally:
        shown.clear()


def _new_bar() -> "Progress":
    """Return a bar that fits a line: what slows the run down comes last and is cut first."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column

    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=10), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[why]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
    )  # fmt: skip
    bar = Progress(*columns, console=Console(stderr=True))
    bar.add_task("starting", total=None, rate="", left="", why="")
    return bar
