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
        help="Page with charts, in one file; needs neither network nor JavaScript.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Email = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="HTML for mail clients; a name that ends in .eml writes a whole message.",
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
        help="All data, for programs and for --from.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Prometheus = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.prom",
        help="Metrics for the textfile collector of node_exporter.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
Mode = Annotated[
    str,
    typer.Option(
        metavar="OCTAL",
        help="File mode of the files; metrics always have 644.",
        rich_help_panel=_FILES,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File with the findings of earlier reports; the first report creates it. Default: "
        "petrec-history.txt.",
        rich_help_panel=_HISTORY,
        show_default=False,
    ),
]
Record = Annotated[
    bool,
    typer.Option(
        "--record",
        help="Keep the history in schema petrec of the database.",
        rich_help_panel=_HISTORY,
    ),
]
NoHistory = Annotated[
    bool,
    typer.Option(
        "--no-history",
        help="Do not compare with earlier reports, and do not record this one.",
        rich_help_panel=_HISTORY,
    ),
]
Days = Annotated[
    int,
    typer.Option(
        min=1,
        max=92,
        help="Number of days of uploads and refused requests to show.",
        rich_help_panel=_CONTENT,
    ),
]
TrendDays = Annotated[
    int,
    typer.Option(
        min=2, max=3660, help="Number of days of the trend to show.", rich_help_panel=_CONTENT
    ),
]
NoRows = Annotated[
    bool,
    typer.Option(
        "--no-rows",
        help="Show no ids or names of recordings, files or pets.",
        rich_help_panel=_CONTENT,
    ),
]
Notify = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="PETREC_NOTIFY_URL",
        help="Post a summary to a webhook that accepts Slack messages.",
        show_default=False,
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Show a report written by --json again. Needs no database.",
        show_default=False,
    ),
]
PrintFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="Also print the report. Default: a table if no file is named.",
        show_default=False,
    ),
]
