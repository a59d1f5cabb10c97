"""A progress bar for a run, on standard error, where a person can see it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from petrec.features.runs.driver import Observer
from petrec.features.runs.run import Run


@contextmanager
def run_progress(*, quiet: bool) -> Iterator[Observer]:
    """Give a function that shows a run's rows, rate and remaining time; nothing off a TTY."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]} rows/s"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=None, rate=0)

        def observe(run: Run) -> None:
            progress.update(
                task,
                description=run.throttled_by or f"run {run.id}, batches of {run.batch_size}",
                total=run.planned,
                completed=run.changed + run.skipped,
                rate=f"{run.rows_per_second:,.0f}",
            )

        yield observe
