"""A Spark cluster on this machine: a master and two workers, each a process of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.ports import free_port
from tests.plugins.waiting import until

WORKERS = 2
_PATIENCE_S = 300
# What is started does little work, so a compiler that optimizes costs more than it saves.
_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_ECONOMICAL = {
    "spark.cores.max": str(WORKERS),
    "spark.driver.extraJavaOptions": _JVM,
    "spark.executor.extraJavaOptions": _JVM,
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "2",
}
# So is code that is generated for each query.
_INTERPRETED = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
}


@dataclass(frozen=True)
class SparkCluster:
    """A running cluster: its address, and what is in the environment of its clients."""

    master: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[SparkCluster]:
    """Yield a standalone cluster on the loopback, which can run two applications at once."""
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("Spark needs pyspark and Java")
    with started_cluster(WORKERS, _ECONOMICAL, cores=2, memory="1100m") as started:
        yield started


@contextmanager
def started_cluster(
    workers: int, settings: Mapping[str, str], *, cores: int, memory: str
) -> Iterator[SparkCluster]:
    """Start a cluster whose workers have so many cores and so much memory each."""
    found = find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    port = free_port()
    address, common = f"spark://127.0.0.1:{port}", ("--host", "127.0.0.1", "--webui-port", "0")
    with tempfile.TemporaryDirectory(prefix="petrec-spark-") as place:
        daemons = _Daemons(Path(found.origin).parent, Path(place), {**_SETTINGS, **settings})
        try:
            daemons.start("master.Master", "--port", str(port), *common)
            until(listens, port, within_s=_PATIENCE_S)
            for number in range(workers):
                limits = ("--cores", str(cores), "--memory", memory)
                place_of_it = ("--work-dir", f"{place}/{number}")
                daemons.start("worker.Worker", *common, *limits, *place_of_it, address)
            # An application that came between two of them would stay on the first.
            known = Path(place) / "master.Master.log"
            until(lambda: known.read_text().count("Registering worker") == workers,
                  within_s=_PATIENCE_S)  # fmt: skip
            yield SparkCluster(address, {"SPARK_CONF_DIR": place, "SPARK_LOCAL_IP": "127.0.0.1"})
        finally:
            daemons.stop()


class _Daemons:
    """The processes of a cluster, whose logs and settings are in one place."""

    def __init__(self, home: Path, place: Path, settings: Mapping[str, str]) -> None:
        self.home, self.place = home, place
        self.started: list[subprocess.Popen[bytes]] = []
        lines = (f"{name} {value}\n" for name, value in settings.items())
        (place / "spark-defaults.conf").write_text("".join(lines))

    def start(self, role: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONF_DIR": str(self.place),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": _JVM,
        }
        command = [str(self.home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}"]
        with (self.place / f"{role}.log").open("ab") as log:
            started = subprocess.Popen(
                [*command, *arguments], env=environment, stdout=log, stderr=log
            )
        self.started.append(started)

    def stop(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait()


def listens(port: int) -> bool:
    """Return whether a process takes connections."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def spark(spark_cluster: SparkCluster) -> Iterator[Any]:
    """Yield a session on the cluster, with an executor on each worker."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(spark_cluster.master).appName("tests")
    for name, value in _INTERPRETED.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in spark_cluster.environment.items():
            patch.setenv(name, value)
        session = builder.getOrCreate()
    # The driver is one of them.
    executors = session.sparkContext._jsc.sc().getExecutorMemoryStatus
    until(lambda: executors().size() == WORKERS + 1, within_s=_PATIENCE_S)
    yield session
    session.stop()
