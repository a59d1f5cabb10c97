"""`petrec review export`."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from petrec.cli import options
from petrec.cli.bundle import bundled
from petrec.cli.progress import activity
from petrec.cli.review.chosen import Chosen
from petrec.cli.session import open_session
from petrec.documents.formats import Format
from petrec.errors import ExitCode


class Split(StrEnum):
    """What the cases are put into files of their own by."""

    PRACTICE = "practice"


@bundled
def export(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Files to write; the ending is the format. Default: reports/review-TIME.csv",
            show_default=False,
        ),
    ] = None,
    split: Annotated[Split | None, typer.Option(help="One file each, named FILE-PRACTICE.")] = None,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio",
            help="Add links that play the recordings for anyone who has the file, until they "
            "expire: \\[review] audio_expires_s.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace filled-in files; keep the old ones as NAME.bak-1, ..."
        ),
    ] = False,
    output_format: options.OutputFormat = Format.TABLE,
    output: options.Output = None,
    quiet: options.Quiet = False,
    *,
    chosen: Chosen,
    connect: options.Connect,
) -> int:
    """Write every recording that needs a person, with the candidates and hints for each.

    The ending of a file name is its format. All files have the same snapshot. A file that somebody
    has filled in is not replaced without --force.

    Examples:
        petrec review export

        petrec review export cases.csv --kind missing_ambiguous

        petrec review export cases.html --timezone Europe/Zurich

        petrec review export cases.html --audio

        petrec review export cases.xlsx --split practice --since 2025-06-01

    """
    from petrec.operations.review import export_review

    paths = files or [Path("reports") / f"review-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"]
    session = open_session("review", connect)
    with activity(quiet=quiet) as shown:
        exported = export_review(
            session,
            paths,
            cases=chosen.cases(),
            split=split is not None,
            audio=audio,
            force=force,
            step=shown.step,
        )
    session.show(exported.document(), output_format, output)
    return ExitCode.CLEAN
