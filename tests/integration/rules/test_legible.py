"""Where a database checks no encoding, what is no text is replaced; the rest is sent as it is."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, select, text

from petrec.postgres.preflight import load_schema
from petrec.rules.legible import legible
from petrec.settings import Mapping
from tests.integration.rules.test_rule_twins import TABLES
from tests.plugins.cluster import Cluster

NOTE = "(not valid UTF-8)"
TEXTS = {
    b"": "",
    b"Luna": "Luna",
    "Ren\u00e9 \u2713 \U0001f408\n".encode(): "Ren\u00e9 \u2713 \U0001f408\n",
    "Ren\u00e9".encode("latin1"): NOTE,
    b"\xc3\xa9\xff": NOTE,
    b"\xed\xa0\x80": NOTE,
    b"\xf4\x90\x80\x80": NOTE,
}


@pytest.fixture
def unchecked(cluster: Cluster) -> Iterator[Connection]:
    """A connection to a database without an encoding, that asks for UTF-8."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(
            "CREATE DATABASE unchecked TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
    url = cluster.dsn("unchecked").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, connect_args={"client_encoding": "UTF8"})
    with engine.begin() as connection:
        connection.execute(text(TABLES + "ALTER TABLE recordings ADD name text, ADD bytes bytea"))
        yield connection
    engine.dispose()
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("DROP DATABASE unchecked WITH (FORCE)")


def test_what_is_no_text_is_replaced(unchecked: Connection) -> None:
    for number, kept in enumerate([None, *TEXTS], 1):
        row = {"id": number, "bytes": kept}
        unchecked.execute(text("INSERT INTO recordings (id, bytes) VALUES (:id, :bytes)"), row)
    unchecked.execute(text("UPDATE recordings SET name = convert_from(bytes, 'SQL_ASCII')"))
    schema = load_schema(unchecked, Mapping())
    columns = schema.recordings.c
    shown = select(legible(schema, columns.name)).order_by(columns.id)
    assert unchecked.scalars(shown).all() == [None, *TEXTS.values()]
    numbers = select(legible(schema, columns.id)).order_by(columns.id)
    assert unchecked.scalars(numbers).all() == [str(n) for n in range(1, len(TEXTS) + 2)]


def test_other_databases_send_columns_as_they_are(unchecked: Connection) -> None:
    schema = replace(load_schema(unchecked, Mapping()), unchecked_text=False)
    assert legible(schema, schema.recordings.c.id) is schema.recordings.c.id
