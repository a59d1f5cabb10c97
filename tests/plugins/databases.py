"""Databases cloned from templates: the damaged clinic in several shapes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
import pytest
from sqlalchemy import Engine, NullPool, create_engine

from tests.plugins.cluster import Cluster
from tests.plugins.sessions import Query
from tests.plugins.templates import begins_with_journal, template_of

RECORDINGS = {"renamed": '"vet data"."Audio Files"'}


@dataclass
class Database:
    """A database of its own for one test."""

    cluster: Cluster
    name: str
    shape: str = "clinic"
    connections: list[psycopg.Connection[Any]] = field(default_factory=list)

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

    def execute(self, query: Query, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement as in a session of its own; returns its rows, if it has any."""
        return self.cluster.sessions.execute(self.name, query, parameters)

    def checksum(self, columns: str = "r") -> str:
        """Return a digest of all recordings."""
        query = f"SELECT md5(string_agg(({columns})::text, '|' ORDER BY r::text)) FROM {self.recordings} r"
        return str(self.execute(query)[0][0])


class MakeDatabase(Protocol):
    """Makes a database of a shape."""

    def __call__(self, shape: str = "clinic", server: Cluster | None = None) -> Database:
        """Return it; on the newest server unless another is given."""


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
def databases(cluster: Cluster, *, journal: bool = False) -> Iterator[MakeDatabase]:
    """Make databases, with petrec's journal or without, which go with the block."""
    made: list[Database] = []

    def make(shape: str = "clinic", server: Cluster | None = None) -> Database:
        server = server or cluster
        name = server.copies.make(template_of(server, shape, journal=journal))
        new = Database(server, name, shape)
        made.append(new)
        return new

    try:
        yield make
    finally:
        for old in made:
            _drop(old)


@pytest.fixture
def database(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[MakeDatabase]:
    """Makes databases, which the test alone sees."""
    with databases(cluster, journal=begins_with_journal(request.node)) as make:
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
