"""One snapshot to read from: REPEATABLE READ, READ ONLY, with a planner set for full scans."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from petrec.postgres.session_state import set_local

# Chosen by measurement (benchmarks/audit.py): a small work_mem makes the planner fold the
# appointments' pets by an ordered index scan; free parallelism lets COPY use a worker, too.
_PLANNER = {
    "work_mem": "2MB",
    "max_parallel_workers_per_gather": "1",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
}


@contextmanager
def read_snapshot(engine: Engine) -> Iterator[Connection]:
    """Open the one read-only transaction in which a command sees the database."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        set_local(connection, _PLANNER)
        yield connection
