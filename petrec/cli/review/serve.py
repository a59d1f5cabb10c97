"""`petrec review serve`."""

from typing import TYPE_CHECKING, Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.output import remark
from petrec.cli.progress import activity
from petrec.cli.review.chosen import Chosen
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode
from petrec.extras import need_extra

if TYPE_CHECKING:
    from petrec.features.review.served.guard import Guard

_SERVER = "Server"


@bundled
def serve(
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; by default only this machine can connect.",
            rich_help_panel=_SERVER,
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port.", rich_help_panel=_SERVER)
    ] = 8765,
    touch: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Also set this timestamp column to now()."),
    ] = None,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio",
            help="Let the page play the recordings, by links that expire: "
            "\\[review] audio_expires_s.",
        ),
    ] = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    *,
    chosen: Chosen,
    connect: options.Connect,
) -> int:
    """Serve the review page, and write each decision to the database when it is made.

    Several people can decide at once: each sees what others look at and have decided. The printed
    address holds the key. Each decision is a run of its own, which can be undone.

    Examples:
        petrec review serve

        petrec review serve --practice 4b7ac035-acef-2b2b-5ed1-c139eff90662

        petrec review serve --audio

        petrec review serve --host 0.0.0.0 --port 8080

    """
    need_extra("petrec review serve", "serve", "fastapi", "jwt", "uvicorn")
    from petrec.api.host.server import listen
    from petrec.features.review.served.guard import Guard
    from petrec.operations.review_serve import COMMAND, prepare_review

    session = open_session(COMMAND, connect, writes=True)
    with listen(host, port) as listening:
        with activity(quiet=quiet) as shown:
            cases, columns = chosen.cases(), touch or ()
            ready = prepare_review(session, cases, columns, audio=audio, step=shown.step)
        guard = Guard(host, port)
        _announce(guard, ready.cases, session.place())
        served = ready.serve(listening, guard)
    session.show(served.document(), output_format, output)
    return ExitCode.CLEAN


def _announce(guard: "Guard", cases: int, place: str) -> None:
    """Print the address, which nobody could guess."""
    remark(f"{cases} open cases; decisions are written to {place}")
    remark(f"open in a browser: {guard.address}")
    if guard.host not in guard.address:
        remark("on another computer: with the name of this machine in place of 127.0.0.1")
    if not guard.is_local:
        remark("not encrypted: everyone who can read this network can read the recordings")
    remark("to end: Ctrl-C")
