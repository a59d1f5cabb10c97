"""The command group `petrec outbox`."""

import signal
from threading import Event
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode

outbox_app = typer.Typer(no_args_is_help=True)


@outbox_app.callback()
def _group() -> None:
    r"""Deliver events to webhooks, list what is waiting, retry what was given up.

    The webhooks are those of \[serve.webhooks].

    Examples:
        petrec outbox run

        petrec outbox list

    """


@outbox_app.command("run")
@bundled
def run(
    once: Annotated[
        bool,
        typer.Option("--once", help="Send what is due now, then exit (exit code 1: failures)."),
    ] = False,
    *,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Deliver events until SIGTERM, for hosts; petrec serve does so by itself.

    Examples:
        petrec outbox run

        petrec outbox run --once --format json

    """
    from petrec.operations.outbox import deliver_outbox, run_outbox

    session = open_session("outbox", connect, writes=True)
    if not once:
        run_outbox(session, _until_signal)
        return ExitCode.CLEAN
    result = deliver_outbox(session)
    session.show(result.document(), printing.output_format, printing.output)
    return ExitCode.FINDINGS if result.failed else ExitCode.CLEAN


@outbox_app.command("list")
@bundled
def list_events(
    dead: Annotated[
        bool, typer.Option("--dead", help="List only events that were given up.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="List at most N events, oldest first.")] = 100,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    *,
    connect: options.Connect,
) -> int:
    """List events that are not delivered (exit code 1: some were given up).

    Examples:
        petrec outbox list

        petrec outbox list --dead --format json

    """
    from petrec.features.outbox.table import EventState
    from petrec.operations.outbox import list_outbox

    session = open_session("outbox", connect)
    found = list_outbox(session, EventState.DEAD if dead else None, limit=limit)
    session.show(found.document(), output_format, output)
    return ExitCode.FINDINGS if found.dead else ExitCode.CLEAN


@outbox_app.command("retry")
@bundled
def retry(
    events: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="[EVENT]...",
            min=1,
            max=2**63 - 1,
            help="Events, as listed. Default: all dead ones.",
        ),
    ] = None,
    *,
    printing: options.Printing,
    connect: options.Connect,
) -> int:
    """Let events that were given up be sent again.

    Examples:
        petrec outbox retry

        petrec outbox retry 17 18

    """
    from petrec.operations.outbox import retry_outbox

    session = open_session("outbox", connect, writes=True)
    done = retry_outbox(session, events or ())
    session.show(done.document(), printing.output_format, printing.output)
    return ExitCode.CLEAN


def _until_signal() -> None:
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    # A wait without a limit would not let a signal through on every platform.
    while not stopped.wait(1):
        pass
