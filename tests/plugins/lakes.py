"""Files of a small clinic, and a Spark cluster on this machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.plugins.ports import free_port
from tests.plugins.random_clinics import TABLES, Clinic, Rows, written

COLUMNS = {
    "pets": "id INT, owner_id INT, counts BOOLEAN",
    "appointments": "id INT, pet_owner_id INT, counts BOOLEAN",
    "appointment_pets": "appointment_id INT, pet_id INT, counts BOOLEAN",
    "visits": "id INT, pet_id INT, appointment_id INT, counts BOOLEAN",
    "recordings": "id INT, pet_id INT, appointment_id INT, visit_id INT, counts BOOLEAN",
}
WORKERS = 2


def write_clinic(directory: Path, clinic: Clinic) -> None:
    """Write the tables of a random clinic as Parquet, those that do not count too."""
    with duckdb.connect() as connection:
        for table, name in zip(TABLES, Rows.__dataclass_fields__, strict=True):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS[table]})")
            counted, hidden = getattr(clinic, name), getattr(clinic.hidden, name)
            marks = [True] * len(counted) + [(None, False)[n % 2] for n in range(len(hidden))]
            for n, (row, mark) in enumerate(zip([*counted, *hidden], marks, strict=True), 1):
                values = [*written(clinic, table, n, row), mark]
                places = ", ".join("?" * len(values))
                connection.execute(f"INSERT INTO {table} VALUES ({places})", values).fetchall()
            connection.table(table).write_parquet(str(directory / f"{table}.parquet"))


@pytest.fixture(scope="session")
def spark_master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone cluster: one master and two workers, each a process on the loopback."""
    found = find_spec("pyspark")
    if found is None or found.origin is None or shutil.which("java") is None:
        pytest.skip("Spark needs pyspark and Java")
    home, place = Path(found.origin).parent, tmp_path_factory.mktemp("spark")
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str, *arguments: str) -> None:
        environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", *arguments]
        with (place / f"{len(started)}.log").open("wb") as log:
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    port = free_port()
    common = ("--host", "127.0.0.1", "--webui-port", "0")
    start("master.Master", "--port", str(port), *common)
    try:
        _wait_for(port)
        for _ in range(WORKERS):
            limits = ("--cores", "1", "--memory", "600m", "--work-dir", str(place))
            start("worker.Worker", *common, *limits, f"spark://127.0.0.1:{port}")
        yield f"spark://127.0.0.1:{port}"
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def spark(spark_master: str) -> Iterator[Any]:
    """A session of the cluster, of both workers."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.executor.memory": "512m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(spark_master).appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
