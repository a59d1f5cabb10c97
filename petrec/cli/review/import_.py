"""`petrec review import`."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from petrec.cli import options
from petrec.cli.backfill import limits
from petrec.cli.bundle import bundled
from petrec.cli.confirm import confirm
from petrec.cli.output import steps
from petrec.cli.run_code import run_code
from petrec.cli.session import CommandSession, open_session
from petrec.documents.formats import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from petrec.features.review.checked import Checked
    from petrec.features.review.imported import ReviewImport
    from petrec.features.review.read.entry import Reading
    from petrec.features.runs.driver.throttle import Throttling
    from petrec.features.runs.foresight import Foresight
    from petrec.features.runs.run import Observer, Run, Target
    from petrec.schema import Schema


@bundled
def import_decisions(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Decided files.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write, in journaled batches.")] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Write what is right; the rest to FILE.rejects.csv."),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Leave an unfinished import for good, then go on.")
    ] = False,
    reviewer: Annotated[
        str, typer.Option(metavar="NAME", help="Who decided, where a file does not say.")
    ] = "",
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    *,
    writing: limits.Writing,
    yes: options.Yes = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    connect: options.Connect,
) -> int:
    """Check decided files line by line; with --apply write what they say, all or nothing.

    Examples:
        petrec review import cases.xlsx

        petrec review import ada.csv bob.json --apply --yes

        petrec review import cases.csv --apply --partial --reviewer Ada

    """
    from petrec.features.review.read import read_files

    session = open_session("review", connect)
    reading = read_files(files, reviewer.strip())
    job = _Job(session, files, reading, touch or [], partial, anew, quiet)
    result = job.apply(writing.throttling(), yes=yes) if apply else job.plan()
    job.session.show(result.document(), output_format, output)
    return run_code(result.run, clean=result.is_clean)


@dataclass(frozen=True)
class _Job:
    """One import: what was read, and how to go about it."""

    session: CommandSession
    files: list[Path]
    reading: "Reading"
    touch: list[str]
    partial: bool
    anew: bool
    quiet: bool

    def plan(self) -> "ReviewImport":
        """Check, and write nothing."""
        checked, inferable, foresight, _, _ = self._check()
        return self._result(
            checked,
            inferable=inferable,
            obstacles=foresight.obstacles,
            warnings=foresight.warnings,
        )

    def apply(self, given: "Throttling", *, yes: bool) -> "ReviewImport":
        """Finish what is unfinished, check again, ask, and write."""
        from petrec.features.review.apply import record_review, resume_review
        from petrec.features.review.checked import write_rejects

        checked, inferable, _, schema, target = self._check(writing=True)
        # An unfinished import comes first: what it still has to write looks stale until then.
        unfinished = not self.anew and self._is_unfinished()
        if checked.problems and not self.partial and not unfinished:
            return self._result(checked, inferable=inferable, applied=True)
        confirm(f"Record {len(checked.ballots)} decisions about {target.table}?", yes=yes)
        resumed = run = None
        with self._working() as observe:
            resumed = resume_review(
                self.session.engine, schema, target, given, observe, anew=self.anew
            )
            if resumed is not None:
                checked, inferable, _, schema, target = self._check(writing=True)
            if checked.ballots and (self.partial or not checked.problems):
                ballots = checked.ballots
                run = record_review(self.session.engine, schema, target, ballots, given, observe)
        rejects = write_rejects(checked) if self.partial else []
        skipped = (*self._skips(resumed), *self._skips(run))
        return self._result(
            checked, applied=True, run=run, resumed=resumed, skipped=skipped,
            rejects=tuple(rejects), inferable=inferable,
        )  # fmt: skip

    def _is_unfinished(self) -> bool:
        from petrec.features.runs.journal.presence import is_installed
        from petrec.features.runs.journal.store import unfinished_run
        from petrec.features.runs.run import Action
        from petrec.features.runs.targets import mapped_target

        target = mapped_target(self.session.settings.mapping)
        with self.session.translated(), self.session.engine.connect() as connection:
            installed = is_installed(connection)
            return installed and unfinished_run(connection, target, Action.REVIEW) is not None

    @contextmanager
    def _working(self) -> "Iterator[Observer]":
        from petrec.cli.progress import run_progress

        with self.session.translated(), run_progress(quiet=self.quiet) as observe:
            yield observe

    def _check(
        self, *, writing: bool = False
    ) -> tuple["Checked", int, "Foresight", "Schema", "Target"]:
        from petrec.features.review.apply import foresee_review, review_target
        from petrec.features.review.check import check
        from petrec.features.runs.foresight import Foresight
        from petrec.features.runs.targets import make_target
        from petrec.postgres.writable import check_writable
        from petrec.rules.census import take_census

        with steps(quiet=self.quiet) as step, self.session.snapshot() as (connection, schema):
            step("checking decisions")
            checked = check(connection, schema, self.reading)
            target = review_target(make_target(schema, self.touch), checked.ballots)
            if writing:
                links = "INSERT" if target.links else ""
                check_writable(connection, schema, target.columns, links=links)
            foresight = Foresight() if writing else foresee_review(connection, schema, target)
            inferable = take_census(connection, schema).count(kind="missing_inferable")
        return checked, inferable, foresight, schema, target

    def _skips(self, run: "Run | None") -> tuple[Any, ...]:
        from petrec.features.runs.lineage import read_skips

        if run is None or not run.skipped:
            return ()
        with self.session.translated(), self.session.engine.connect() as connection:
            return read_skips(connection, run.id)

    def _result(self, checked: "Checked", **more: Any) -> "ReviewImport":
        from petrec.features.review.imported import ReviewImport

        return ReviewImport(
            files=tuple(map(str, self.files)),
            verdicts=checked.verdicts,
            already=checked.already,
            problems=tuple(checked.problems),
            partial=self.partial,
            **more,
        )
