"""The files of one report: either all are replaced or none."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from petrec.errors import PetrecError
from petrec.features.report import prometheus
from petrec.features.report.result import ReportResult
from petrec.files import atomic_text, write_failed

Writer = Callable[[ReportResult, TextIO], None]
# node_exporter runs as another user, and counts are not secret.
METRICS_MODE = 0o644


@dataclass(frozen=True)
class ReportFile:
    """A file to write, its renderer, and its mode."""

    path: Path
    write: Writer
    mode: int = 0o600


@contextmanager
def publication(targets: Sequence[ReportFile]) -> Iterator[Callable[[ReportResult], None]]:
    """Yield a function that writes the report; the files appear if the block succeeds.

    They are opened at once, so that a directory that is not writable is found before any work.
    """
    with ExitStack() as stack:
        files = [(t, stack.enter_context(atomic_text(t.path, t.mode))) for t in targets]

        def write(result: ReportResult) -> None:
            for target, file in files:
                try:
                    target.write(result, file)
                    file.flush()
                except OSError as error:
                    raise write_failed(target.path, error) from error

        yield write


@contextmanager
def failure_marked(metrics: Path | None) -> Iterator[None]:
    """Set `petrec_up` to 0 in the metrics if the block fails for any reason."""
    try:
        yield
    except BaseException:
        if metrics is not None:
            mark_failure(metrics)
        raise


def mark_failure(metrics: Path) -> None:
    """Rewrite the metrics; if that fails too, the time of the last success shows the failure."""
    try:
        # As text, ends of lines would be changed that are characters of a name.
        previous = metrics.read_bytes().decode() if metrics.exists() else ""
        with atomic_text(metrics, METRICS_MODE) as file:
            file.write(prometheus.after_failure(previous, datetime.now(UTC)))
    except (OSError, UnicodeDecodeError, PetrecError):
        return
