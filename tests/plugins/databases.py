"""Databases cloned from templates: the damaged clinic in several shapes."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.pq import ExecStatus
from psycopg.sql import Composed
from sqlalchemy import Engine, NullPool, create_engine

from tests.plugins.binaries import client_program
from tests.plugins.cluster import Cluster

DATA = Path(__file__).parent.parent / "data"
SHAPES = ("clinic", "renamed", "text_ids", "integer_ids", "partitioned", "with_visits")
RECORDINGS = {"renamed": '"vet data"."Audio Files"'}


@dataclass
class Database:
    """A database of its own for one test."""

    cluster: Cluster
    name: str
    shape: str = "clinic"
    connections: list[psycopg.Connection[Any]] = field(default_factory=list)
    kept: psycopg.Connection[Any] | None = None

    @property
    def dsn(self) -> str:
        return self.cluster.dsn(self.name)

    @property
    def recordings(self) -> str:
        return RECORDINGS.get(self.shape, "public.recordings")

    def connect(
        self, *, autocommit: bool = True, user: str = "postgres"
    ) -> psycopg.Connection[Any]:
        """Open a connection that is closed with the database, if not before."""
        dsn = self.cluster.dsn(self.name, user)
        self.connections.append(psycopg.connect(dsn, autocommit=autocommit))
        return self.connections[-1]

    def execute(self, query: str | Composed, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows, if it has any."""
        with self.connect() as connection:
            cursor = connection.execute(query, parameters)
            # A row of no columns has no description, but is there.
            result = cursor.pgresult
            gives_rows = result is not None and result.status == ExecStatus.TUPLES_OK
            return cursor.fetchall() if gives_rows else []

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query that is repeated: to open a session costs ten times as much."""
        try:
            if self.kept is None or self.kept.closed:
                self.kept = self.connect()
            return self.kept.execute(query).fetchall()
        except psycopg.OperationalError:
            # The server was started again, or is about to be.
            self.kept = None
            return self.execute(query)

    def checksum(self, columns: str = "r") -> str:
        """Return a digest of all recordings."""
        query = f"SELECT md5(string_agg(({columns})::text, '|' ORDER BY r::text)) FROM {self.recordings} r"
        return str(self.execute(query)[0][0])


class MakeDatabase(Protocol):
    """Makes a database of a shape."""

    def __call__(self, shape: str = "clinic", server: Cluster | None = None) -> Database:
        """Return it; on the newest server unless another is given."""


def _template(cluster: Cluster, shape: str) -> str:
    name = f"tpl_{shape}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        # Several mutants use one server.
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
        found = admin.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            _make_template(admin, cluster, shape)
    return name


def _make_template(admin: psycopg.Connection[Any], cluster: Cluster, shape: str) -> None:
    name = f"tpl_{shape}"
    base = "template0" if shape == "clinic" else _template(cluster, "clinic")
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {base}")
    script = DATA / "clinic.sql" if shape == "clinic" else DATA / "shapes" / f"{shape}.sql"
    psql = [str(client_program("psql")), "-qX", "-v", "ON_ERROR_STOP=1", "-d", cluster.dsn(name)]
    subprocess.run(
        [*psql, "-o", os.devnull, "-f", str(script)], check=True, stdin=subprocess.DEVNULL
    )
    with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    # The first session writes a file of what each needs of the catalog; VACUUM has deleted it.
    with psycopg.connect(cluster.dsn(name)):
        pass


def _drop(old: Database) -> None:
    for connection in old.connections:
        connection.close()
    old.cluster.copies.take_back(old.name)


@contextmanager
def copied(source: Database) -> Iterator[Database]:
    """Copy a database that nobody changes any more, and that loses its connections."""
    for connection in source.connections:
        connection.close()
    copies = source.cluster.copies
    copy = Database(source.cluster, copies.make(source.name), source.shape)
    try:
        yield copy
    finally:
        _drop(copy)


@contextmanager
def databases(cluster: Cluster) -> Iterator[MakeDatabase]:
    """Make databases, which go with the block."""
    made: list[Database] = []

    def make(shape: str = "clinic", server: Cluster | None = None) -> Database:
        server = server or cluster
        template = "template0" if shape == "empty" else _template(server, shape)
        new = Database(server, server.copies.make(template), shape)
        made.append(new)
        return new

    try:
        yield make
    finally:
        for old in made:
            _drop(old)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[MakeDatabase]:
    """Makes databases, which the test alone sees."""
    with databases(cluster) as make:
        yield make


@pytest.fixture
def clinic(database: MakeDatabase) -> Database:
    """The damaged clinic."""
    return database()


@pytest.fixture
def clinic_engine(clinic: Database) -> Iterator[Engine]:
    """An engine on the clinic, as a host application makes one."""
    url = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    made = create_engine(url, poolclass=NullPool)
    yield made
    made.dispose()


@pytest.fixture
def empty_database(database: MakeDatabase) -> Database:
    """A database without tables."""
    return database("empty")
