"""Spark as the engine: on this machine, on a cluster, or in a session that the caller has."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import reduce
from pathlib import Path
from typing import Any

from petrec.errors import EngineFailedError, UsageError
from petrec.lake.alike import FileTypes
from petrec.lake.dialects import SPARK
from petrec.lake.engine import FileFormat, TableFiles, View
from petrec.lake.with_duckdb import check_csv

_SPECIAL = re.compile(r"([\\{}\[\]*?])")
_TYPES = {
    "string": "text",
    "boolean": "boolean",
    "date": "date",
    "float": "double precision",
    "double": "double precision",
    "timestamp": "timestamp with time zone",
    "timestamp_ntz": "timestamp without time zone",
} | dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "bigint")
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    # Else the fields of a line are not counted where one column is read.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
}
_CSV = {
    "header": True,
    "multiLine": True,
    "quote": '"',
    "escape": '"',
    "inferSchema": False,
    "mode": "FAILFAST",
    "enforceSchema": False,
}


class SparkEngine:
    """A Spark session, whose temporary views read the files."""

    title = "Spark"
    dialect = SPARK

    def __init__(self, session: Any) -> None:
        self.session = session
        self.version = str(session.version)
        self._schemas: dict[str, Any] = {}

    def find(self, address: str) -> Sequence[str]:
        """Return the addresses of the files that a URL stands for; none if nothing is there."""
        from pyspark.errors import AnalysisException  # noqa: PLC0415 - an optional package

        # As text, files have no columns to look for.
        reader = self.session.read.option("recursiveFileLookup", "true")
        with _translated(address):
            try:
                return sorted(reader.text(address).inputFiles())
            except AnalysisException as error:
                if error.getCondition() == "PATH_NOT_FOUND":
                    return []
                raise

    def types(self, files: TableFiles) -> FileTypes:
        """Return the columns of each file with their types."""
        return {
            path: {each.name: _named(each.dataType) for each in self._schema(files.format, path)}
            for path in files.to_look_at
        }

    def _schema(self, form: FileFormat, path: str) -> Any:
        """Return Spark's schema of a file, which is a job of Spark: read once."""
        if path not in self._schemas:
            if form is FileFormat.CSV and "://" not in path:
                # Spark takes what is not UTF-8 for other text.
                check_csv(path)
            with _translated(path):
                self._schemas[path] = self._frame(form, [path]).schema
        return self._schemas[path]

    def register(self, view: View) -> None:
        """Make the files a view."""
        with _translated(view.files.paths[0]):
            frame = self._frames(view.files)
            if view.condition and not view.condition_on_read:
                frame = frame.where(view.condition)
            frame = frame.selectExpr(
                *(f"{read} AS {_quoted(name)}" for name, read in view.columns.items())
            )
            if view.condition and view.condition_on_read:
                frame = frame.where(view.condition)
            frame = frame.selectExpr(
                *(
                    f"{view.respelled.get(name, _quoted(name))} AS {_quoted(name)}"
                    for name in view.columns
                )
            )
            frame.createOrReplaceTempView(view.name)

    def _frames(self, files: TableFiles) -> Any:
        """Return all files as one, those of the same columns read at once."""
        groups: dict[str, list[str]] = {}
        for path in files.paths:
            schema = self._schema(files.format, files.paths[0] if files.alike else path)
            groups.setdefault(schema.json(), []).append(path)
        parts = (self._frame(files.format, paths) for paths in groups.values())
        return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)

    def _frame(self, form: FileFormat, paths: Sequence[str]) -> Any:
        """Return files of one schema, which Spark looks up if it is not known."""
        reader = self.session.read
        if paths[0] in self._schemas:
            reader = reader.schema(self._schemas[paths[0]])
        found = [path if "://" in path else _address(path) for path in paths]
        if form is FileFormat.PARQUET:
            return reader.option("mergeSchema", "false").parquet(*found)
        return reader.options(**_CSV).csv(found)

    @contextmanager
    def stream(self, sql: str) -> Iterator[tuple[Sequence[str], Iterator[Any]]]:
        """Yield the names of the columns and an iterator over rows, a partition at a time."""
        with _translated("the files"):
            frame = self.session.sql(sql)
            zoned = [index for index, (_, kind) in enumerate(frame.dtypes) if kind == "timestamp"]
            yield frame.columns, (_in_utc(row, zoned) for row in frame.toLocalIterator())


@contextmanager
def open_spark(master: str, session: Any = None) -> Iterator[SparkEngine]:
    """Open an engine on a cluster; a session of the caller's is not changed and not stopped.

    Errors: UsageError, EngineFailedError.
    """
    if session is not None:
        with _translated("the caller's session"):
            beside = _beside(session)
        yield SparkEngine(beside)
        return
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an optional package

    if SparkSession.getActiveSession() is not None:
        reason = "this program has a Spark session already, and a second one would be the same"
        raise UsageError(reason, hint="pass it as spark")
    with _translated("the cluster"):
        started = _start(master)
    try:
        yield SparkEngine(started)
    finally:
        started.stop()


def _beside(session: Any) -> Any:
    """Return a session of the same application, with views and settings of its own."""
    made = session.newSession()
    for name, value in (session.conf.getAll | _SETTINGS).items():
        if made.conf.isModifiable(name):
            made.conf.set(name, value)
    return made


def _start(master: str) -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an optional package

    builder = SparkSession.builder.master(master or "local[*]").appName("petrec")
    for name, value in _SETTINGS.items() | {("spark.ui.enabled", "false")}:
        builder = builder.config(name, value)
    started = builder.getOrCreate()
    started.sparkContext.setLogLevel("ERROR")
    # That no worker has room for the executors is a warning of this class, and no error.
    java: Any = started._jvm  # noqa: SLF001 - the only way to it
    log4j = java.org.apache.logging.log4j
    scheduler = "org.apache.spark.scheduler.TaskSchedulerImpl"
    log4j.core.config.Configurator.setLevel(scheduler, log4j.Level.WARN)
    return started


@contextmanager
def _translated(what: str) -> Iterator[None]:
    from py4j.protocol import Py4JError  # noqa: PLC0415 - an optional package
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an optional package

    try:
        yield
    except (PySparkException, Py4JError) as error:
        first = str(error).strip().splitlines()[0]
        raise EngineFailedError(f"Spark cannot read {what}: {first}") from error


def _address(path: str) -> str:
    """Return the URL of a local path, in which nothing is a pattern."""
    return "file://" + _SPECIAL.sub(r"\\\1", str(Path(path).absolute()))


def _named(kind: Any) -> str:
    """Return PostgreSQL's name of a type."""
    name = str(kind.simpleString())
    return _TYPES.get(name, name)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _in_utc(row: Sequence[Any], zoned: Sequence[int]) -> Sequence[Any]:
    """Return a row whose moments, which Spark gives in local time, are in UTC."""
    if not zoned:
        return tuple(row)
    values = list(row)
    for index in zoned:
        if values[index] is not None:
            values[index] = values[index].astimezone(UTC)
    return values
