"""Sessions for Python programs: of a database, or of exports in files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from petrec.lake.choice import FileEngine, Lake
from petrec.operations.session import Session
from petrec.postgres.dsn import Dsn, resolve_dsn
from petrec.settings import load_settings


def connect(
    dsn: str | None = None,
    *,
    service: str | None = None,
    config: str | Path | None = None,
    schema: str = "",
    trust_constraints: bool = False,
    expect_database: str = "",
    command: str = "python",
    scans: bool = False,
) -> Session:
    """Read the settings and resolve the connection; it connects at the first use.

    `dsn` is a connection string; without it and `service` (of pg_service.conf), the session uses
    PETREC_DATABASE_URL, DATABASE_URL or libpq's variables. `config` is a file of settings; without
    it petrec.toml or pyproject.toml of the working directory; `schema` replaces that of its
    mapping. `command` is shown in
    pg_stat_activity. With `scans`, DuckDB judges the rows in this process. Operations fail if the
    database does not have the name `expect_database`.
    Errors: SettingsError, UsageError.
    """
    settings = load_settings(None if config is None else Path(config)).in_schema(schema)
    target = resolve_dsn(dsn, service)
    session = Session.made(
        settings,
        target,
        command,
        trust_constraints=trust_constraints,
        expect_database=expect_database,
    )
    return replace(session, scans=scans)


def connect_files(
    source: str | Path,
    *,
    engine: FileEngine | str = FileEngine.DUCKDB,
    master: str = "",
    spark: Any = None,
    config: str | Path | None = None,
    schema: str = "",
) -> Session:
    """Return a session that reads exports of the tables instead of a database.

    `source` is a directory, or a pattern with {table} in it. Spark runs on the cluster `master`, or
    in the SparkSession `spark`, which stays open. Only audit, rows, validate and report
    can use it. Errors: SettingsError.
    """
    settings = load_settings(None if config is None else Path(config)).in_schema(schema)
    session = Session.made(
        settings, Dsn("files", {}), "python", trust_constraints=False, expect_database=""
    )
    return replace(session, lake=Lake(str(source), FileEngine(engine), master, spark))
