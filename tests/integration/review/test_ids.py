"""The type of a column decides what is an id: a mistyped one is neither another nor an error."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, column, table

from petrec.features.review.ids import number_twins
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.ids import is_text, normal_ids
from petrec.schema import PgType
from petrec.settings import Settings
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase

UUID = "3d517fe6-ebab-7b8c-fcf9-8db6259c8a59"
# The type, what is an id of it and how PostgreSQL writes it, and what is none.
TYPES = {
    "uuid": ({UUID.upper(): UUID, UUID.replace("-", ""): UUID}, ["1234", "", "9.9E+15"]),
    "smallint": ({"7": "7", "007": "7"}, ["32768", "x", "1.5", "1e3", ""]),
    "integer": ({"-7": "-7"}, ["2147483648", "9" * 400]),
    "bigint": ({str(2**63 - 1): str(2**63 - 1)}, [str(2**63), "7 7"]),
    "numeric(5,2)": ({"7": "7.00", "7.25": "7.25"}, ["7.251", "1000", "seven"]),
    "text": ({"00123": "00123", "": "", "1E5": "1E5"}, ["a\0b"]),
    "character varying(5)": ({"abcde": "abcde"}, ["abcdef", "abcde-1"]),
    "character(5)": ({"abc": "abc"}, ["abcdef"]),
    "public.code": ({"abcde": "abcde"}, ["abcdef", "x"]),
    "public.strict": ({"7": "7"}, ["8", "x"]),
    "public.animal": ({"dog": "dog"}, ["horse", "Dog"]),
    "public.pair": ({"(1,a)": "(1,a)"}, ["(1,a", "1,a", "(x,a)", "(1,a,b)"]),
    "integer[]": ({"{1,2}": "{1,2}"}, ["1,2", "{1,x}"]),
    "date": ({"2026-01-02": "2026-01-02"}, ["2026-13-02", "2026-01-02 10:00", "soon"]),
    "timestamp(0) without time zone": (
        {"2026-01-02 10:00": "2026-01-02 10:00:00"}, ["2026-01-02 10:00:00.7", "x"]),
    "inet": ({"10.0.0.1": "10.0.0.1/32"}, ["10.0.0.256"]),
    "bit(3)": ({"101": "101"}, ["1011", "2"]),
}  # fmt: skip


@pytest.fixture
def connection(database: MakeDatabase, any_cluster: Cluster) -> Iterator[Connection]:
    made = database("empty", any_cluster)
    made.execute("""
        CREATE DOMAIN code AS varchar(5) CHECK (length(VALUE) > 1);
        CREATE FUNCTION refuse() RETURNS boolean LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
        CREATE DOMAIN strict AS integer CHECK (VALUE = 7 OR public.refuse());
        CREATE TYPE animal AS ENUM ('cat', 'dog');
        CREATE TYPE pair AS (number integer, letter text);
        CREATE TABLE pets (id text PRIMARY KEY);
        INSERT INTO pets VALUES ('00123'), ('123'), ('0456'), ('789'), ('1E5'), ('x1'), ('1.50')""")
    engine = make_engine(resolve_dsn(made.dsn, None), Settings(), "test")
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@pytest.mark.matrix
def test_the_type_of_a_column_decides_what_is_an_id(connection: Connection) -> None:
    for name, (right, wrong) in TYPES.items():
        found = normal_ids(connection, column("id", PgType(name)), [*right, *wrong])
        assert found == right, name


def test_what_the_encoding_lacks_is_found_text_by_text(any_cluster: Cluster) -> None:
    made = Database(any_cluster, "postgres")
    made.execute("CREATE DATABASE few_letters TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    engine = make_engine(resolve_dsn(any_cluster.dsn("few_letters"), None), Settings(), "test")
    with engine.connect() as opened:
        texts = ["é", "小", "a\0", "", "x" * 100_000, "€"]
        assert set(normal_ids(opened, column("told", PgType("text")), texts)) == {
            "é", "", "x" * 100_000
        }  # fmt: skip
    engine.dispose()
    made.execute("DROP DATABASE few_letters")


@pytest.mark.matrix
def test_ids_of_one_number_are_told_apart(connection: Connection) -> None:
    given = ["123", "456", "789", "100000", "x1", "1.50", "9" * 200_000]
    for kind in (PgType("text"), PgType("bpchar"), PgType("public.code", "character varying")):
        ids = table("pets", column("id", kind), schema="public").c.id
        told = number_twins(connection, ids, given)
        assert told == {"123": "00123", "456": "0456", "100000": "1E5"}, kind.name
        assert is_text(ids), kind.name


def test_types_that_are_no_texts() -> None:
    for name in ("integer", "uuid", "public.text_like", "bytea", "numeric"):
        assert is_text(column("id", PgType(name, name.replace("text_like", "integer")))) is False
    assert is_text(column("id", PgType("public.citext")))


def test_no_text_is_kept_once_it_is_judged(connection: Connection) -> None:
    told = column("told", PgType("text"))
    gc.disable()
    tracemalloc.start()
    try:
        for each in range(20):
            texts = [f"{each} {number} {'x' * 1_000}" for number in range(500)]
            assert len(normal_ids(connection, told, texts)) == 500
            texts.clear()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept < 2 * 2**20
