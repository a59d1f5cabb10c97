"""The exit code of a command that drove a run."""

from typing import TYPE_CHECKING

from petrec.errors import ExitCode

if TYPE_CHECKING:
    from petrec.features.runs.run import Run


def run_code(run: "Run | None", *, clean: bool) -> ExitCode:
    """Return 3 if standbys did not confirm the writes, else 1 unless all rows were written."""
    if run is not None and run.unconfirmed:
        return ExitCode.UNDETERMINED
    return ExitCode.CLEAN if clean else ExitCode.FINDINGS
