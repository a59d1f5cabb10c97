"""Spark as the engine: a session whose views read the files."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import reduce
from pathlib import Path
from typing import Any

from petrec.errors import EngineFailedError
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

        # Read as text, since Spark would look up the columns of any other format.
        reader = self.session.read.option("recursiveFileLookup", "true")
        with translated(address):
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
            with translated(path):
                self._schemas[path] = self._frame(form, [path]).schema
        return self._schemas[path]

    def register(self, view: View) -> None:
        """Make the files a view."""
        with translated(view.files.paths[0]):
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
        if files.alike:
            return self._frame(files.format, files.paths)
        groups: dict[str, list[str]] = {}
        for path in files.paths:
            groups.setdefault(self._schema(files.format, path).json(), []).append(path)
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
        with translated("the files"):
            frame = self.session.sql(sql)
            zoned = [index for index, (_, kind) in enumerate(frame.dtypes) if kind == "timestamp"]
            yield frame.columns, (_in_utc(row, zoned) for row in frame.toLocalIterator())


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn Spark's errors into petrec's own."""
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
