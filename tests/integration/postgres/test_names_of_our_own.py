"""Tables and columns may bear every name that petrec's own statements use as alias or label."""

import itertools
import random
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, event

from petrec.api.access import everything, owner, staff
from petrec.api.http.cursor import After
from petrec.api.recordings.queries import named_query, page_query
from petrec.api.statements import CompiledStatement
from petrec.features.audit import run_audit
from petrec.features.backfill.apply import apply_backfill
from petrec.features.backfill.export import ambiguous_query
from petrec.features.backfill.plan import preview
from petrec.features.report.examples import read_examples
from petrec.features.report.monitoring import read_monitoring
from petrec.features.review.query import REVIEWED, kinds_query
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.targets import make_target
from petrec.features.runs.undo.plan import plan_undo
from petrec.features.runs.undo.work import UndoWork
from petrec.postgres.preflight import load_schema
from petrec.postgres.source import DatabaseSource
from petrec.rules import kind_by_id
from petrec.schema import Schema
from petrec.settings import LOGICAL_COLUMNS, Mapping
from tests.plugins.cluster import Cluster

COLUMNS = {
    "pets": {"id": "int PRIMARY KEY", "owner_id": "int", "name": "text", "species": "text"},
    "appointments": {
        "id": "int PRIMARY KEY",
        "pet_owner_id": "int",
        "practice_id": "int",
        "appointment_date": "timestamptz",
        "title": "text",
    },
    "appointment_pets": {"appointment_id": "int", "pet_id": "int"},
    "visits": {"id": "int PRIMARY KEY", "pet_id": "int", "appointment_id": "int"},
    "recordings": {
        "id": "int PRIMARY KEY",
        "pet_id": "int",
        "appointment_id": "int",
        "visit_id": "int",
        "created_at": "timestamptz",
        "status": "text",
        "original_filename": "text",
        "recorded_by_user_id": "int",
    },
}
DAY = "2025-09-01 10:00Z"
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "pets": [(1, 1, "Rex", "dog"), (2, 1, "Ina", "cat"), (3, 2, "Bo", "dog"), (4, 2, "Zoe", "cat")],
    "appointments": [(10, 1, 7, DAY, "a"), (20, 2, 7, DAY, "b"), (30, 2, 8, DAY, "c")],
    "appointment_pets": [(10, 1), (10, 2), (20, 3), (30, 9)],
    "visits": [(1, 2, 10), (2, 3, 20), (3, 4, 30)],
    "recordings": [
        (100, None, 10, None, DAY, "uploaded", "rex.m4a", 5),
        (101, None, 10, 1, DAY, "uploaded", "x.m4a", 5),
        (102, None, 20, None, DAY, "pending", "y.m4a", 6),
        (103, 3, 20, 2, DAY, "uploaded", "z.m4a", 6),
        (104, 9, 20, None, DAY, "uploaded", "z.m4a", 6),
        (105, 1, 20, None, DAY, "uploaded", "z.m4a", 6),
        (106, None, 30, None, DAY, "uploaded", "z.m4a", 6),
        (107, None, 99, None, DAY, "uploaded", "z.m4a", 6),
        (108, None, None, None, DAY, "uploaded", "z.m4a", 6),
        (109, None, None, 3, DAY, "uploaded", "z.m4a", 6),
        (110, 4, 30, 2, DAY, "uploaded", "z.m4a", 6),
    ],
}
_NAMED = re.compile(r'(?:\bAS|\bWITH|\),)\s+"?([a-z_]\w*)"?')
# Types, words, and columns that every table has.
_NEITHER = {
    "integer",
    "text",
    "date",
    "timestamp",
    "bigint",
    "materialized",
    "tableoid",
    "ctid",
    "xmin",
}


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[Engine]:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE own_names")
        made = create_engine(cluster.dsn("own_names").replace("postgresql:", "postgresql+psycopg:"))
        install_journal(made)
        yield made
        made.dispose()
        admin.execute("DROP DATABASE own_names WITH (FORCE)")


def make(engine: Engine, mapping: Mapping) -> None:
    """Make the clinic under the mapping's names."""
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(mapping.schema)))
        for name, columns in COLUMNS.items():
            table = sql.Identifier(mapping.schema, mapping.table(name))
            defined = [
                sql.SQL("{} {}").format(sql.Identifier(mapping.column(name, c)), sql.SQL(kind))
                for c, kind in columns.items()
            ]
            driver.execute(
                sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(defined))
            )
            places = sql.SQL(", ").join([sql.Placeholder()] * len(columns))
            insert = sql.SQL("INSERT INTO {} VALUES ({})").format(table, places)
            driver.cursor().executemany(insert, ROWS[name])


def answers(engine: Engine, mapping: Mapping) -> list[Any]:
    """Ask all that petrec asks; nothing in the answers depends on names."""
    with engine.connect() as connection:
        schema = load_schema(connection, mapping)
        audit = run_audit(DatabaseSource(connection), schema)
        found: list[Any] = [audit.kinds, audit.guide, audit.warnings, audit.remarks]
        found += [sorted(map(repr, connection.execute(ambiguous_query(schema))))]
        for needs_place in (True, False):
            alike = [kind for kind in map(kind_by_id, REVIEWED) if kind.needs_place is needs_place]
            rows = connection.execute(kinds_query(schema, alike)).scalars()
            found.append([unordered(row | {"state": ""}) for row in rows])
        found += [read_examples(connection, schema, audit)]
        found += [read_monitoring(DatabaseSource(connection), schema, audit.taken_at, 9_000)]
        target = make_target(schema)
        found += [preview(connection, schema, target).strategies]
        found += pages(connection, schema)
        connection.rollback()
    run = apply_backfill(engine, schema, target, Throttling(), lambda *_: None)
    assert run is not None
    found += [(run.changed, run.skipped, run.deferred), pets(engine, schema)]
    driver = Driver(engine, UndoWork(schema), Throttling(), lambda *_: None)
    undone = driver.run(partial(plan_undo, run_id=run.id, target=target))
    return [*found, (undone.changed, undone.skipped), pets(engine, schema)]


def unordered(value: Any) -> Any:
    """Return JSON with its lists sorted: the order of a fold is the planner's."""
    if isinstance(value, dict):
        return {key: unordered(inner) for key, inner in value.items()}
    return sorted(map(unordered, value), key=repr) if isinstance(value, list) else value


def pages(connection: Connection, schema: Schema) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    who = {"actor_user": 5, "actor_owner": 2, "actor_practice": 7, "limit": 5, "fetch": 6}
    values = who | {"pet_id": 3}
    for scope in (everything(), owner(schema), staff(schema)):
        for filters in (frozenset[str](), frozenset({"pet_id"})):
            named = CompiledStatement(named_query(schema, scope, filters, After.TOP))
            rows = [row for row in named.rows(driver, values) if row.id is not None]
            yield sorted((row.id, row.pet_id) for row in rows)
            judged = CompiledStatement(page_query(schema, scope, filters, After.TOP))
            keys = {"named_at": [r.position for r in rows], "named_ids": [r.id for r in rows]}
            found = judged.rows(driver, values | keys)
            yield sorted((str(r.nth), str(r.id), str(r.pet_id), r.withheld) for r in found)


def pets(engine: Engine, schema: Schema) -> list[Any]:
    with engine.connect() as connection:
        c = schema.tables.recordings.c
        return sorted(
            map(
                tuple,
                connection.execute(
                    schema.tables.recordings.select().with_only_columns(c.id, c.pet_id)
                ),
            )
        )


def names_used(engine: Engine) -> tuple[list[Any], list[str]]:
    """Return the answers under default names, and the names in the statements that gave them."""
    statements: list[str] = []
    mapping = Mapping(schema="plain")
    make(engine, mapping)

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    expected = answers(engine, mapping)
    event.remove(engine, "before_cursor_execute", note)
    named = {name for statement in statements for name in _NAMED.findall(statement)}
    logical = {*LOGICAL_COLUMNS, *itertools.chain(*LOGICAL_COLUMNS.values())}
    return expected, sorted(named - logical - _NEITHER)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("every", [16, pytest.param(1, marks=pytest.mark.full)])
def test_every_name_of_our_own(engine: Engine, every: int) -> None:
    """At full size each name is a table's once; columns take names at random."""
    expected, names = names_used(engine)
    assert {"pet", "fold", "facts", "petrec_has_pet", "held", "fresh"} <= set(names)
    draw = random.Random(1)
    rounds = -(-len(names) // len(COLUMNS))
    for number in range(0, rounds, every):
        tables = names[number * len(COLUMNS) :][: len(COLUMNS)]
        tables += draw.sample(sorted(set(names) - set(tables)), len(COLUMNS) - len(tables))
        columns = {
            t: dict(zip(c, draw.sample(names, len(c)), strict=True)) for t, c in COLUMNS.items()
        }
        mapping = Mapping(f"s{number}", dict(zip(COLUMNS, tables, strict=True)), columns)
        make(engine, mapping)
        for one, other in zip(answers(engine, mapping), expected, strict=True):
            assert one == other, mapping
