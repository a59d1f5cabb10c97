"""A test never gets a database that another has written to, whatever it wrote."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.copies import Copies

READ = "SELECT count(*) FROM pg_class"


@pytest.fixture
def copies(cluster: Cluster) -> Iterator[Copies]:
    made = Copies(cluster.sessions, cluster.major)
    yield made
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        for spare in made._spare["template0"]:
            admin.execute(f"DROP DATABASE {spare}")


def use(cluster: Cluster, copies: Copies, statement: str) -> str:
    """Return the name of a copy in which the statement has run, and which was given back."""
    name = copies.make("template0")
    with psycopg.connect(cluster.dsn(name), autocommit=True) as session:
        session.execute(statement)
    copies.take_back(name)
    return name


def test_what_was_only_read_serves_again(cluster: Cluster, copies: Copies) -> None:
    assert use(cluster, copies, READ) == use(cluster, copies, READ)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE written (id int)",
        "BEGIN; CREATE TABLE written (id int); ROLLBACK",
        "CREATE TEMP SEQUENCE written; SELECT nextval('written')",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "COMMENT ON SCHEMA public IS 'written'",
    ],
)
def test_what_was_written_to_goes(cluster: Cluster, copies: Copies, statement: str) -> None:
    written = use(cluster, copies, statement)
    assert use(cluster, copies, READ) != written
    with psycopg.connect(cluster.dsn()) as admin:
        found = admin.execute("SELECT FROM pg_database WHERE datname = %s", (written,)).fetchall()
    assert found == []


def test_a_session_that_is_left_writes_in_no_other_test(cluster: Cluster, copies: Copies) -> None:
    name = copies.make("template0")
    with psycopg.connect(cluster.dsn(name)) as left:
        left.execute("CREATE TABLE written (id int)")
        copies.take_back(name)
        with pytest.raises(psycopg.OperationalError):
            left.execute(READ)
    assert use(cluster, copies, READ) != name
