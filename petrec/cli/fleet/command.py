"""`petrec fleet`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options as shared
from petrec.cli.bundle import bundled
from petrec.cli.driving import RunInterruptedError
from petrec.cli.fleet.commands import FleetCommand
from petrec.cli.fleet.options import FleetConnect, FleetOrder, FleetSelection, MergedFiles
from petrec.cli.output import show
from petrec.cli.pipelines import failures_shown, summarize
from petrec.cli.progress import activity
from petrec.cli.session import ask

if TYPE_CHECKING:
    from petrec.operations.fleet import FleetTarget
    from petrec.operations.fleet.metrics import FleetMetrics
    from petrec.operations.fleet.overview import Overview
    from petrec.operations.fleet.result import FleetResult


@bundled
def fleet(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND...",
            help="A command of petrec with its options; {target} in them is the target's name.",
        ),
    ],
    *,
    selection: FleetSelection,
    order: FleetOrder,
    printing: shared.Printing,
    connect: FleetConnect,
    merged: MergedFiles,
) -> int:
    """Run a command in many schemas, databases and servers, and merge the results.

    The exit code is that of the worst target: 3 before 2, 1, 5 and 0.

    Examples:
        petrec fleet --schema 'clinic_*' audit

        petrec fleet --schema 'clinic_*' validate --baseline 'baselines/{target}.txt'

        petrec fleet --targets clinics.txt --html all.html report --html 'pages/{target}.html'

        petrec fleet --schema 'clinic_*' --canary 1 backfill --apply --yes

    """
    with failures_shown("fleet", printing):
        result, outputs = _run(words, selection, order, printing, connect, merged)
    document = result.document()
    show(document, printing.output_format, printing.output)
    for output in outputs:
        output.write(result)
    summarize(document, printing.output_format)
    return result.exit_code


def _run(
    words: list[str],
    selection: FleetSelection,
    order: FleetOrder,
    printing: shared.Printing,
    connect: FleetConnect,
    merged: MergedFiles,
) -> "tuple[FleetResult, list[Overview | FleetMetrics]]":
    from petrec.operations.fleet import TargetSource, find_targets
    from petrec.operations.fleet import fleet as run

    command = FleetCommand.find(words).parse()
    command.check()
    session = connect.session()
    completed = command.completed(session.settings.validate.baseline)
    with activity(quiet=printing.quiet) as shown:
        shown.step("looking for targets")
        source = selection.chosen(TargetSource.of_settings(session))
        targets = find_targets(session, source)
        schedule = order.schedule(session.settings.fleet, connect)
        parsed = completed.parse()
        outputs = merged.checked(parsed, targets)
        line = completed.words
        if command.asks:
            shown.aside(_confirm, _question(completed, targets))
            line = (*line, "--yes")
        try:
            result = run(line, targets, schedule, files=parsed.files, step=shown.step)
        except KeyboardInterrupt:
            hint = "the same command with --resume before the command's name continues"
            raise RunInterruptedError("interrupted", hint=hint) from None
    return result, outputs


def _question(command: FleetCommand, targets: "tuple[FleetTarget, ...]") -> str:
    return f"Run {command.name} in {len(targets)} targets?"


def _confirm(question: str) -> bool:
    from petrec.errors import DeclinedError

    if not ask(question):
        raise DeclinedError
    return True
