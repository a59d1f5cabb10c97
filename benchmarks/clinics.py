"""Servers and synthetic clinics for benchmarks, by size and damage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial

import psycopg

from petrec.demo.clinic import create
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster


class Damage(Enum):
    """How much of the recordings is damaged; INDEXED has the contract's index, KEPT its keys."""

    MUCH = "38 %"
    LITTLE = "2 %"
    INDEXED = "2 %, with index"
    NONE = "none"
    KEPT = "none, with keys"


# One in nineteen of what is damaged is left, or none.
_REPAIR = """
WITH pairs AS (
  SELECT l.appointment_id, l.pet_id, row_number() OVER () - 1 AS place
  FROM appointment_pets l
  JOIN appointments a ON a.id = l.appointment_id
  JOIN pets p ON p.id = l.pet_id
), sound AS (
  SELECT r.id FROM recordings r
  JOIN pets p ON p.id = r.pet_id
  LEFT JOIN appointments a ON a.id = r.appointment_id
  LEFT JOIN appointment_pets l ON l.appointment_id = r.appointment_id AND l.pet_id = r.pet_id
  LEFT JOIN visits v ON v.id = r.visit_id
  WHERE (r.appointment_id IS NULL OR (a.id IS NOT NULL AND l.pet_id IS NOT NULL))
    AND (v.pet_id <> r.pet_id OR v.appointment_id <> r.appointment_id) IS NOT TRUE
), damaged AS (
  SELECT id, row_number() OVER () - 1 AS place FROM recordings
  WHERE id NOT IN (SELECT id FROM sound)
)
UPDATE recordings r
SET appointment_id = pairs.appointment_id, pet_id = pairs.pet_id, visit_id = NULL
FROM damaged JOIN pairs ON pairs.place = damaged.place %% (SELECT count(*) FROM pairs)
WHERE r.id = damaged.id AND (%(all)s OR damaged.place %% 19 <> 0)
"""
_KEYS = """
ALTER TABLE recordings ALTER pet_id SET NOT NULL,
  ADD FOREIGN KEY (pet_id) REFERENCES pets,
  ADD FOREIGN KEY (appointment_id) REFERENCES appointments,
  ADD FOREIGN KEY (appointment_id, pet_id) REFERENCES appointment_pets
"""

_INDEX = "CREATE INDEX ON recordings (appointment_id, pet_id)"


# Of the original, of its copy, and of what a backfill adds; with some to spare for the programs.
_BYTES_A_RECORDING = 4_000


@contextmanager
def server(major: int | None = None, recordings: int = 2_000_000) -> Iterator[Cluster]:
    """Yield a server of its own, of the newest version unless another is named.

    Its files are in memory if that has room for them, with so many recordings.
    """
    binaries = find_binaries()
    version = major or max(binaries)
    cluster = Cluster.start(version, binaries[version], recordings * _BYTES_A_RECORDING)
    try:
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def clinics(recordings: int) -> Iterator[Callable[[Damage], str]]:
    """Yield what makes a clinic, by damage, on a server of their own, and returns its DSN.

    There is one at a time, whose statistics are fresh.
    """
    with server(recordings=recordings) as cluster:
        with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE original")
        with psycopg.connect(cluster.dsn("original")) as connection:
            create(connection, recordings=recordings)
        yield partial(_clinic, cluster)


def _clinic(cluster: Cluster, damage: Damage) -> str:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS clinic WITH (FORCE)")
        admin.execute("CREATE DATABASE clinic TEMPLATE original")
    dsn = cluster.dsn("clinic")
    with psycopg.connect(dsn, autocommit=True) as connection:
        _set_damage(connection, damage)
        connection.execute("VACUUM ANALYZE")
    return dsn


def _set_damage(connection: "psycopg.Connection[tuple[object, ...]]", damage: Damage) -> None:
    if damage is Damage.MUCH:
        return
    connection.execute(_REPAIR, {"all": damage in (Damage.NONE, Damage.KEPT)})
    if damage is Damage.KEPT:
        connection.execute(_KEYS)
    if damage in (Damage.KEPT, Damage.INDEXED):
        connection.execute(_INDEX)
    # The rows as if they had never been damaged.
    connection.execute("VACUUM FULL recordings")
