"""`petrec constraints apply` on few and on many empty partitions: the time of one statement.

It ends with 1 if a statement takes longer among many partitions than among few, beyond what the
machine's noise explains.
"""

import os
import time

import psycopg
from sqlalchemy import NullPool, create_engine

from benchmarks.clinics import server
from petrec.features.constraints.apply import Listener, apply_plan
from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsResult
from petrec.postgres.ddl.run import LockPolicy
from petrec.settings import Mapping
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster
from tests.plugins.parted_tables import TABLES

FEW, MANY = map(int, os.environ.get("PETREC_BENCH_PARTITIONS", "25,200").split(","))
NOISE = 1.25
PARTITION = "CREATE TABLE r{n} PARTITION OF recordings FOR VALUES FROM ({n}0) TO ({next}0)"
LISTENER = Listener(lambda _: None)
WANTED = Request(Mapping(), ("required", "indexes"), "CASCADE")


def run() -> None:
    """Print the time of a statement at both sizes, on the oldest and the newest server."""
    found = find_binaries()
    grown = [major for major in sorted({min(found), max(found)}) if _ratio(major) > NOISE]
    if grown:
        raise SystemExit(f"a statement takes longer among many partitions, on {grown}")


def _ratio(major: int) -> float:
    with server(major) as cluster:
        few, many = (_measure(cluster, count) for count in (FEW, MANY))
    print(
        f"PostgreSQL {major}: {MANY} partitions against {FEW}: ratio {many / few:.2f}", flush=True
    )
    return many / few


def _measure(cluster: Cluster, partitions: int) -> float:
    """Return the milliseconds of one statement."""
    name = f"of_{partitions}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
        connection.execute(TABLES)
        for n in range(partitions):
            connection.execute(PARTITION.format(n=n, next=n + 1))
    url = cluster.dsn(name).replace("postgresql:", "postgresql+psycopg:")
    started = time.monotonic()
    ended = apply_plan(create_engine(url, poolclass=NullPool), WANTED, LockPolicy(), LISTENER)
    took = (time.monotonic() - started) * 1000
    assert isinstance(ended, ConstraintsResult)
    each = took / len(ended.executed)
    print(f"{partitions} partitions: {len(ended.executed)} statements, {each:.1f} ms each")
    return each
