"""Options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from petrec.cli.bundle import Bundle
from petrec.documents.formats import Format
from petrec.errors import UsageError
from petrec.lake.choice import FileEngine, Lake

_CONNECTION = "Connection"
_FILES = "Files and engines"
_OUTPUT = "Output"

Dsn = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        metavar="URL",
        help="Connection string. Default: PETREC_DATABASE_URL, DATABASE_URL, PG* variables.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]
Service = Annotated[
    str | None,
    typer.Option(
        "--service",
        metavar="NAME",
        help="Name of a service in pg_service.conf.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file. Default: petrec.toml, else \\[tool.petrec] of pyproject.toml.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]
OutputFormat = Annotated[
    Format, typer.Option("--format", help="Output format.", rich_help_panel=_OUTPUT)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to this file instead of standard output; a failed write leaves no partial "
        "file.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print no progress and no remarks.", rich_help_panel=_OUTPUT
    ),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Log to standard error; -vv also logs SQL.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Do not ask for confirmation; required without a terminal."),
]
TrustConstraints = Annotated[
    bool,
    typer.Option(
        "--trust-constraints",
        help="Trust valid foreign keys instead of reading the parent tables: faster, but misses "
        "rows that were loaded with triggers disabled.",
    ),
]

SourceOfFiles = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="PATH",
        help="Read exports in this directory instead of a database: a folder of Parquet or CSV "
        "files for each table, as export-tables writes it, or a pattern with {table} in it, also "
        "of s3://.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]
EngineOfFiles = Annotated[
    FileEngine | None,
    typer.Option(
        "--engine",
        help="What judges the rows: duckdb (default for files; on a database, it moves the work "
        "from the server to this process), or spark for files.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]

Master = Annotated[
    str,
    typer.Option(
        "--master",
        metavar="URL",
        help="Spark cluster for --engine spark, such as spark://host:7077. Default: this machine.",
        rich_help_panel=_FILES,
        show_default=False,
    ),
]


ExpectDatabase = Annotated[
    str,
    typer.Option(
        "--expect-database",
        metavar="NAME",
        help="Stop unless the database has this name.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]
Schema = Annotated[
    str,
    typer.Option(
        "--schema",
        metavar="NAME",
        help="Schema of the application's tables. Default: \\[mapping] schema, else public.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Printing(Bundle):
    """How a result is printed, and where."""

    output_format: OutputFormat = Format.TABLE
    output: Output = None
    quiet: Quiet = False


@dataclass(frozen=True)
class Connect(Bundle):
    """The database, the settings, and how much to log."""

    dsn: Dsn = None
    service: Service = None
    config: Config = None
    schema: Schema = ""
    expect_database: ExpectDatabase = ""
    verbose: Verbose = 0


@dataclass(frozen=True)
class ReadFrom(Bundle):
    """Files to read instead of a database, or another engine on it."""

    source: SourceOfFiles = None
    engine: EngineOfFiles = None
    master: Master = ""

    def lake(self) -> Lake | None:
        """Return the files to read; None without --source; errors: UsageError."""
        if self.master and self.engine is not FileEngine.SPARK:
            raise UsageError("--master is of Spark alone", hint="add --engine spark")
        if self.source is None:
            return None
        return Lake(self.source, self.engine or FileEngine.DUCKDB, self.master)

    @property
    def scans(self) -> bool:
        """Return whether DuckDB judges the rows of a database; errors: UsageError."""
        if self.source is None and self.engine is FileEngine.SPARK:
            raise UsageError("spark reads files only", hint="name them with --source")
        return self.source is None and self.engine is not None


Timezone = Annotated[
    str,
    typer.Option(
        metavar="ZONE",
        help="Time zone, such as Europe/Zurich. Default: that of petrec.toml, else UTC.",
    ),
]
By = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Also count by the values of a column: status, recording_type, practice, vet, month, "
        "or a key of recording_metadata such as app_version.",
        show_default=False,
    ),
]
