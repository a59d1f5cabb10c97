"""Options of `petrec fleet`: what the targets are, and in which order."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options as shared
from petrec.cli.bundle import Bundle
from petrec.cli.session import CommandSession, open_session
from petrec.extras import need_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from petrec.cli.fleet.commands import ParsedCommand
    from petrec.operations.fleet import FleetTarget, Schedule, TargetSource
    from petrec.operations.fleet.metrics import FleetMetrics
    from petrec.operations.fleet.overview import Overview
    from petrec.settings import FleetSettings

_TARGETS, _ORDER = "Targets", "Order"

AllTargets = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Page of all targets, the worst first; it links to the page of each that has one.",
        show_default=False,
    ),
]
AllMetrics = Annotated[
    Path | None,
    typer.Option(
        "--prometheus",
        metavar="FILE",
        help="Metrics of all targets, for the command report; each has a label for its target.",
        show_default=False,
    ),
]

Schemas = Annotated[
    list[str] | None,
    typer.Option(
        "--schema",
        metavar="PATTERN",
        help="Each schema of this name is a target: clinic_*; may be repeated. Default: "
        "\\[fleet] schemas.",
        rich_help_panel=_TARGETS,
        show_default=False,
    ),
]
Targets = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File of connection strings, one a line; service=NAME is one, too. Default: "
        "\\[fleet] targets.",
        rich_help_panel=_TARGETS,
        show_default=False,
    ),
]
Query = Annotated[
    str,
    typer.Option(
        metavar="SQL",
        help="Query for targets, with columns named dsn, service, dbname or schema. Default: "
        "\\[fleet] query.",
        rich_help_panel=_TARGETS,
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Work on N targets at once. Default: \\[fleet] jobs, else 1.",
        rich_help_panel=_ORDER,
        show_default=False,
    ),
]
Canary = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Work on N targets first; start no other if one of them fails.",
        rich_help_panel=_ORDER,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue: skip the targets that the same command has finished before.",
        rich_help_panel=_ORDER,
    ),
]
State = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="File for --resume; deleted when every target is finished.",
        rich_help_panel=_ORDER,
    ),
]


@dataclass(frozen=True)
class FleetSelection(Bundle):
    """The targets."""

    schemas: Schemas = None
    targets: Targets = None
    query: Query = ""

    def chosen(self, configured: "TargetSource") -> "TargetSource":
        """Return the source of targets: these options, or else the settings."""
        schemas = tuple(self.schemas or configured.schemas)
        if self.targets is not None or self.query:
            return replace(configured, schemas=schemas, file=self.targets, query=self.query)
        return replace(configured, schemas=schemas)


@dataclass(frozen=True)
class FleetOrder(Bundle):
    """The order of work."""

    jobs: Jobs = None
    canary: Canary = 0
    resume: Resume = False
    state: State = Path(".petrec-fleet.jsonl")

    def schedule(self, settings: "FleetSettings", connect: "FleetConnect") -> "Schedule":
        """Return the schedule that these options and the settings describe."""
        from petrec.operations.fleet import Schedule

        config = str(connect.config.absolute()) if connect.config else ""
        return Schedule(
            jobs=self.jobs or settings.jobs,
            canary=self.canary,
            kept=self.state,
            resume=self.resume,
            config=config,
            verbose=connect.verbose > 0,
        )


@dataclass(frozen=True)
class MergedFiles(Bundle):
    """Files about all targets."""

    html: AllTargets = None
    prometheus: AllMetrics = None

    def checked(
        self, command: "ParsedCommand", targets: "Sequence[FleetTarget]"
    ) -> "list[Overview | FleetMetrics]":
        """Return what is to be written, after a check; errors: UsageError, OutputError."""
        if self.html is None and self.prometheus is None:
            return []
        need_extra("a file about all targets", "report", "jinja2", "pandas")
        from petrec.operations.fleet.metrics import FleetMetrics
        from petrec.operations.fleet.overview import Overview

        wanted: list[Overview | FleetMetrics] = []
        if self.html is not None:
            overview = Overview(self.html, command.page, targets)
            overview.check()
            wanted.append(overview)
        if self.prometheus is not None:
            metrics = FleetMetrics(self.prometheus, targets)
            metrics.check(command.line.name)
            wanted.append(metrics)
        return wanted


@dataclass(frozen=True)
class FleetConnect(Bundle):
    """The database to look for targets in, the settings of all, and how much to log."""

    dsn: shared.Dsn = None
    service: shared.Service = None
    config: shared.Config = None
    verbose: shared.Verbose = 0

    def session(self) -> "CommandSession":
        """Open a session to look for targets."""
        given = shared.Connect(self.dsn, self.service, self.config, verbose=self.verbose)
        return open_session("fleet", given)
