"""Sessions of Spark: on this machine, on a cluster, or beside one that the caller has."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from petrec.errors import UsageError
from petrec.lake.with_spark import SparkEngine, translated

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    # Else the fields of a line are not counted where one column is read.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
}
JAVA_OPTIONS = "SPARK_SUBMIT_OPTS"
_QUICK = "-XX:TieredStopAtLevel=1"


@contextmanager
def open_spark(master: str, session: Any = None) -> Iterator[SparkEngine]:
    """Open an engine on a cluster; a session of the caller's is not changed and not stopped.

    Errors: UsageError, EngineFailedError.
    """
    if session is not None:
        with translated("the caller's session"):
            beside = _beside(session)
        yield SparkEngine(beside)
        return
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an optional package

    if SparkSession.getActiveSession() is not None:
        reason = "this program has a Spark session already, and a second one would be the same"
        raise UsageError(reason, hint="pass it as spark")
    with translated("the cluster"):
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
    with quick_driver(master), warnings.catch_warnings():
        # Spark imports its helpers for tests, which warn of a newer pandas; nothing here uses it.
        warnings.filterwarnings("ignore", ".*fully support pandas", FutureWarning)
        started = builder.getOrCreate()
    started.sparkContext.setLogLevel("ERROR")
    # That no worker has room for the executors is a warning of this class, and no error.
    java: Any = started._jvm  # noqa: SLF001 - the only way to it
    log4j = java.org.apache.logging.log4j
    scheduler = "org.apache.spark.scheduler.TaskSchedulerImpl"
    log4j.core.config.Configurator.setLevel(scheduler, log4j.Level.WARN)
    return started


@contextmanager
def quick_driver(master: str) -> Iterator[None]:
    """Let the driver of a cluster start with Java's quick compiler alone.

    It plans one audit and ends, too early for code that is compiled twice; on this machine, it does
    the work, too. Spark adds the user's own options after those of this variable, so they count.
    """
    is_local = not master or master.startswith("local")
    chosen = {} if is_local or JAVA_OPTIONS in os.environ else {JAVA_OPTIONS: _QUICK}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            del os.environ[name]
