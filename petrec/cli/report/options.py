"""The options of `petrec report`."""

from pathlib import Path
from typing import Annotated

import typer

from petrec.documents.formats import Format

_FILES, _HISTORY, _CONTENT = "Files", "History", "Content"

Html = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A page with charts; needs no network and no script.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Email = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="HTML for mail clients; a name that ends in .eml makes a whole message.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Markdown = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Markdown.", rich_help_panel=_FILES, show_default=False),
]
Json = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Everything, for programs and for --from.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Prometheus = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.prom",
        help="Metrics for node_exporter's textfile collector.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Mode = Annotated[
    str,
    typer.Option(
        metavar="OCTAL",
        help="Who may read the files; the metrics always have 644.",
        rich_help_panel=_FILES,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What earlier runs found, made by the first one. Default: petrec-history.txt.",
        rich_help_panel=_HISTORY,
        show_default=False,
    ),
]
Record = Annotated[
    bool,
    typer.Option(
        "--record",
        help="Keep the history in the database, in schema petrec.",
        rich_help_panel=_HISTORY,
    ),
]
NoHistory = Annotated[
    bool,
    typer.Option(
        "--no-history",
        help="Neither compare with earlier runs nor keep this one.",
        rich_help_panel=_HISTORY,
    ),
]
Days = Annotated[
    int,
    typer.Option(min=1, max=92, help="Days of uploads and refusals.", rich_help_panel=_CONTENT),
]
TrendDays = Annotated[
    int, typer.Option(min=2, max=3660, help="Days of the trend.", rich_help_panel=_CONTENT)
]
NoRows = Annotated[
    bool,
    typer.Option("--no-rows", help="Name no recording, file or pet.", rich_help_panel=_CONTENT),
]
Notify = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="PETREC_NOTIFY_URL",
        help="Post a summary to a webhook that speaks Slack's form.",
        show_default=False,
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Show a report written by --json again, without a database.",
        show_default=False,
    ),
]
PrintFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="Print the report, too. Default: a table where no file is named.",
        show_default=False,
    ),
]
