"""Progress of the running step: a bar on a terminal; with -v, a log line at each change."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from petrec.cli.output import remark
from petrec.features.constraints.disk import as_size

if TYPE_CHECKING:
    from rich.progress import Progress

    from petrec.features.constraints.apply import Doing, Listener

_LOG = logging.getLogger("petrec")


@contextmanager
def listening(*, quiet: bool) -> Iterator["Listener"]:
    """Yield the listener of a run: remarks on standard error, and the progress beside them."""
    from petrec.features.constraints.apply import Listener

    def tell(text: str) -> None:
        remark(text, quiet=quiet)

    if quiet or not sys.stderr.isatty():
        yield Listener(tell, logged())
        return
    with ExitStack() as shown:
        yield Listener(tell, _drawn(shown))


def words(doing: "Doing") -> str:
    """Return the phase, its counter, and the session that it waits for."""
    now, step = doing.now, doing.step
    parts = [now.phase]
    if now.unit:
        parts.append(f"{now.done:,} of {now.total:,} {now.unit}")
    elif now.phase == "running" and step.bytes:
        parts.append(f"{as_size(step.bytes)} to read")
    if now.locker:
        parts.append(f"waiting for pid {now.locker}")
    return ", ".join(parts)


def logged() -> Callable[["Doing"], None]:
    """Return an observer that logs each change of the phase or of the blocking session."""
    last: list[object] = [None]

    def observe(doing: "Doing") -> None:
        now = (doing.number, doing.now.phase, doing.now.locker)
        if now != last[0]:
            last[0] = now
            place = f"step {doing.number} of {doing.of}, {doing.step.object}"
            _LOG.info("%s: %s (%.0f s)", place, words(doing), doing.now.seconds)

    return observe


def _drawn(shown: ExitStack) -> Callable[["Doing"], None]:
    """Return an observer that draws: each phase is a task, as a total cannot be reset.

    The bar appears with the first statement: before it, a person may be asked.
    """
    last: list[object] = [None]
    bars: list[Progress] = []

    def observe(doing: "Doing") -> None:
        if not bars:
            bars.append(shown.enter_context(_new_bar()))
        (progress,) = bars
        now = (doing.number, doing.now.phase)
        if now != last[0]:
            last[0] = now
            for task in progress.task_ids:
                progress.remove_task(task)
            progress.add_task("", total=doing.now.total or None, time="")
        progress.update(
            progress.task_ids[0],
            description=f"{doing.number}/{doing.of} {doing.step.object}: {words(doing)}",
            completed=doing.now.done,
            time=str(timedelta(seconds=int(doing.now.seconds))),
        )

    return observe


def _new_bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    # The blocker comes last and its column wraps, so that a narrow terminal does not cut it off.
    what = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    columns = (what, BarColumn(20), TextColumn("{task.fields[time]}"))
    return Progress(*columns, console=Console(stderr=True), transient=True)
