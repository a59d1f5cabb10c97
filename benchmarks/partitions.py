"""`petrec constraints apply` on few and on many empty partitions: the cost of one statement.

A cost is the time on processors of the client and of its sessions in the server. They take turns,
so on an idle machine it is the time on the clock, and a busy machine changes it less. The same
statements are run without petrec, too.

It ends with 1 if a statement costs more among many partitions than among few, beyond what the
machine's noise explains, or more than `MOST_MS`.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from benchmarks.clinics import server
from benchmarks.processor import of_process, of_sessions
from petrec.features.constraints.apply import Listener, apply_plan
from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsResult
from petrec.postgres.ddl.run import LockPolicy
from petrec.settings import Mapping
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster
from tests.plugins.parted_tables import TABLES

FEW, MANY = map(int, os.environ.get("PETREC_BENCH_PARTITIONS", "25,200").split(","))
ROUNDS = 2
NOISE = 1.25
MOST_MS = 100
PARTITION = "CREATE TABLE r{n} PARTITION OF recordings FOR VALUES FROM ({n}0) TO ({next}0)"
LISTENER = Listener(lambda _: None)
WANTED = Request(Mapping(), ("required", "indexes"), "CASCADE")


@dataclass(frozen=True)
class Cost:
    """Milliseconds of one statement: on processors, on the clock, on processors without petrec."""

    processor: float
    clock: float
    bare: float


def run() -> None:
    """Print the cost of a statement at both sizes, on the oldest and the newest server."""
    found = find_binaries()
    missed = [major for major in sorted({min(found), max(found)}) if not _is_met(major)]
    if missed:
        raise SystemExit(f"a statement among many partitions costs too much, on {missed}")


def _is_met(major: int) -> bool:
    with server(major) as cluster:
        pairs = [(_measure(cluster, FEW), _measure(cluster, MANY)) for _ in range(ROUNDS)]
    few = min((few for few, _ in pairs), key=lambda cost: cost.processor)
    many = min((many for _, many in pairs), key=lambda cost: cost.processor)
    ratio, bare = many.processor / few.processor, many.bare / few.bare
    print(
        f"PostgreSQL {major}: {MANY} partitions against {FEW}: ratio {ratio:.2f};"
        f" without petrec {bare:.2f}",
        flush=True,
    )
    return ratio <= NOISE and many.processor <= MOST_MS


def _measure(cluster: Cluster, partitions: int) -> Cost:
    """Return the cost of one statement."""
    executed, processor, clock = _applied(cluster, partitions)
    bare = _without_petrec(cluster, partitions, executed)
    cost = Cost(*(1000 * seconds / len(executed) for seconds in (processor, clock, bare)))
    print(
        f"{partitions} partitions: {len(executed)} statements, {cost.processor:.1f} ms each on"
        f" processors, {cost.clock:.1f} ms on the clock; without petrec {cost.bare:.1f} ms on"
        " processors",
        flush=True,
    )
    return cost


def _applied(cluster: Cluster, partitions: int) -> tuple[tuple[str, ...], float, float]:
    """Return the executed statements, and the seconds on processors and on the clock."""
    name = f"petrec_{partitions}"
    dsn = _with_partitions(cluster, name, partitions)
    # Unlike the command's, this engine keeps its sessions open, so that they can be measured.
    url = dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, connect_args={"application_name": name})
    before, started = of_process(os.getpid()), time.monotonic()
    ended = apply_plan(engine, WANTED, LockPolicy(), LISTENER)
    clock = time.monotonic() - started
    processor = of_process(os.getpid()) - before + of_sessions(dsn, name)
    engine.dispose()
    assert isinstance(ended, ConstraintsResult)
    return ended.executed, processor, clock


def _without_petrec(cluster: Cluster, partitions: int, statements: Iterable[str]) -> float:
    """Return the seconds on processors of the statements alone."""
    name = f"bare_{partitions}"
    dsn = _with_partitions(cluster, name, partitions)
    with psycopg.connect(dsn, autocommit=True, application_name=name) as connection:
        before = of_process(os.getpid())
        for statement in statements:
            connection.execute(statement.encode())
        return of_process(os.getpid()) - before + of_sessions(dsn, name)


def _with_partitions(cluster: Cluster, name: str, partitions: int) -> str:
    """Make a database of so many empty partitions, and return its DSN."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        admin.execute(drop.format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
        connection.execute(TABLES)
        for n in range(partitions):
            connection.execute(PARTITION.format(n=n, next=n + 1))
    return cluster.dsn(name)
