"""A plan run in this process, statement after statement, as apply and rollback run it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.constraints.result import ConstraintsPlan
from tests.plugins.databases import Database

Planner = Callable[[Connection], ConstraintsPlan]


@contextmanager
def connected(clinic: Database) -> Iterator[Connection]:
    """Give a connection on which plans are made."""
    url = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def reading(planner: Connection) -> Iterator[Connection]:
    """Give a connection beside the planner's whose queries the server plans once."""
    with planner.engine.connect() as made:
        made.execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = made.connection.driver_connection
        driver.prepare_threshold = 0
        made.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        yield made


def drive(clinic: Database, planner: Connection, make: Planner) -> list[str]:
    """Run the first step of the plan until there is none; returns what was executed."""
    done: list[str] = []
    left: list[list[str]] = []
    planner.rollback()
    with reading(planner) as reader, clinic.connect() as worker:
        while steps := make(reader).steps:
            plan = [step.sql for step in steps]
            assert plan not in left, f"{done[-1]} left the plan as it was"
            left.append(plan)
            worker.execute(steps[0].sql)
            done.append(steps[0].sql)
    return done


def rehearse(planner: Connection, make: Planner) -> list[str]:
    """Run a plan within the planner's transaction, which the caller takes back."""
    done: list[str] = []
    while steps := make(planner).steps:
        assert steps[0].sql not in done[-1:], f"{done[-1]} left the plan as it was"
        sql = steps[0].sql.replace(" CONCURRENTLY", "")
        planner.exec_driver_sql(sql.replace("%", "%%"))
        done.append(steps[0].sql)
    return done
