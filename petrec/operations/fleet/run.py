"""Run one command in every target: some first, several at once, only what is unfinished."""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue

from petrec.errors import ExitCode, UsageError
from petrec.operations.callbacks import Step, ignore
from petrec.operations.fleet.kept import DEFAULT, KeptOutcomes
from petrec.operations.fleet.places import make_places
from petrec.operations.fleet.process import TargetProcess
from petrec.operations.fleet.result import FleetResult, TargetOutcome, TargetState
from petrec.operations.fleet.targets import FleetTarget


@dataclass(frozen=True)
class Schedule:
    """The order of work: `jobs` targets at once, and the first `canary` targets before the others.

    Trouble in one of those leaves the others not started: an error, not a finding. `kept` is the
    file of outcomes; with `resume`, targets that are finished in it are not run again.
    """

    jobs: int = 1
    canary: int = 0
    kept: Path = DEFAULT
    resume: bool = False
    config: str = ""
    verbose: bool = False

    def __post_init__(self) -> None:
        """Check the numbers; errors: UsageError."""
        if self.jobs < 1 or self.canary < 0:
            raise UsageError("jobs must be at least 1, and canary at least 0")


def fleet(
    words: Sequence[str],
    targets: Sequence[FleetTarget],
    schedule: Schedule | None = None,
    *,
    files: Sequence[str] = (),
    step: Step = ignore,
) -> FleetResult:
    """Run a command, as words of a command line without `petrec`, in every target.

    `{target}` and `{schema}` in the words are replaced by names of the target, for its files.
    `files` are the words that name files which are written: each target needs its own. Errors of a
    target are in its outcome. Errors: UsageError, OutputError.
    """
    make_places(files, targets)
    how = schedule or Schedule()
    kept = KeptOutcomes(how.kept, words)
    with kept.locked():
        return _run(words, targets, how, kept, step)


def _run(
    words: Sequence[str],
    targets: Sequence[FleetTarget],
    how: Schedule,
    kept: KeptOutcomes,
    step: Step,
) -> FleetResult:
    finished = kept.read() if how.resume else {}
    names = [target.name for target in targets]
    done = {name: finished[name] for name in names if name in finished}
    kept.start(list(done.values()))
    todo = [target for target in targets if target.name not in done]
    crew = _Crew(words, how, kept, step, len(targets))
    done |= crew.work(todo[: how.canary], done)
    if all(outcome.finished for outcome in done.values()):
        done |= crew.work(todo[how.canary :], done)
    if len(done) == len(targets) and all(outcome.finished for outcome in done.values()):
        kept.remove()
    outcomes = [done.get(name) or _not_started(name) for name in names]
    return FleetResult(
        of=_command(words), targets=tuple(sorted(outcomes, key=lambda outcome: outcome.rank))
    )


@dataclass(frozen=True)
class _Crew:
    """The processes that work on the targets."""

    words: Sequence[str]
    schedule: Schedule
    kept: KeptOutcomes
    step: Step
    total: int

    def work(
        self, targets: Sequence[FleetTarget], done: dict[str, TargetOutcome]
    ) -> dict[str, TargetOutcome]:
        """Return the outcome of each target; an interruption ends the commands in order."""
        idle: SimpleQueue[TargetProcess] = SimpleQueue()
        processes = [TargetProcess(self.schedule.verbose) for _ in range(self._processes)]
        for number in range(self.schedule.jobs):
            idle.put(processes[number % len(processes)])
        outcomes: dict[str, TargetOutcome] = {}
        with ThreadPoolExecutor(self.schedule.jobs) as pool:
            futures = [pool.submit(self._work_with, idle, target) for target in targets]
            try:
                self._collect(futures, outcomes, len(done))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in processes:
                    process.stop()
        return outcomes

    @property
    def _processes(self) -> int:
        """Return how many processes are started; one that can fork serves all jobs."""
        return 1 if hasattr(os, "fork") else self.schedule.jobs

    def _work_with(self, idle: "SimpleQueue[TargetProcess]", target: FleetTarget) -> TargetOutcome:
        process = idle.get()
        try:
            outcome = process.work(target, self.words, self.schedule.config)
        finally:
            idle.put(process)
        self.kept.add(outcome)
        return outcome

    def _collect(
        self,
        futures: "Sequence[Future[TargetOutcome]]",
        outcomes: dict[str, TargetOutcome],
        before: int,
    ) -> None:
        for future in as_completed(futures):
            outcome = future.result()
            outcomes[outcome.target] = outcome
            self.step(f"{before + len(outcomes)} of {self.total} targets done")


def _not_started(name: str) -> TargetOutcome:
    reason = "not started: a target before it failed"
    return TargetOutcome(name, ExitCode.UNDETERMINED, TargetState.NOT_STARTED, reason)


def _command(words: Sequence[str]) -> str:
    """Return the name of the command: the words before its first option or argument."""
    return " ".join(takewhile(str.isalpha, words))
