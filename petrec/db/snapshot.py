"""One snapshot to read from: REPEATABLE READ, READ ONLY, with a planner set for full scans."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, func, select

from petrec.settings import Settings

# Chosen by measurement (benchmarks/audit.py): a small work_mem makes the planner fold the
# appointments' pets by an ordered index scan; free parallelism lets COPY use a worker, too.
_PLANNER = {
    "work_mem": "2MB",
    "max_parallel_workers_per_gather": "1",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "jit": "off",
}


@contextmanager
def read_snapshot(engine: Engine, settings: Settings) -> Iterator[Connection]:
    """Open the one read-only transaction in which a command sees the database."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        limits = {
            "lock_timeout": f"{settings.timeouts.read_lock_ms}ms",
            "statement_timeout": f"{settings.timeouts.read_statement_ms}ms",
            # A policy that hid rows would make every count a lie: better an error.
            "row_security": "off",
        }
        set_local(connection, _PLANNER | limits)
        yield connection


def set_local(connection: Connection, values: dict[str, str]) -> None:
    """Set configuration parameters for the current transaction."""
    settings = [func.set_config(name, value, True) for name, value in values.items()]
    connection.execute(select(*settings))
