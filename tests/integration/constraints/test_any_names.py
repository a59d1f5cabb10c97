"""Whatever names hold: apply, rollback and export work, and leave nothing else behind.

Each example renames schema, tables, a partition and columns, and runs all within one transaction.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import Connection, text

from petrec.features.constraints.alembic.export import make_revisions
from petrec.features.constraints.names import LONGEST, cut
from petrec.features.constraints.plan import Request
from petrec.features.constraints.state import Step
from petrec.settings import Mapping
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database
from tests.plugins.parted import prepared
from tests.plugins.stepping import connected

Names = tuple[str, ...]
EVERYTHING = ("indexes", "required", "visits", "membership", "appointment-fk")
OLD = ("recordings", "pets", "appointments", "pet_id", "appointment_id", "visit_id")
HOLDS = """
SELECT array_agg(line ORDER BY line) FROM (
    SELECT conrelid::text || conname || pg_get_constraintdef(oid) || convalidated AS line
    FROM pg_constraint WHERE connamespace = to_regnamespace(quote_ident(:schema))
    UNION ALL
    SELECT indexrelid::text || indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE relnamespace = to_regnamespace(quote_ident(:schema))
    UNION ALL
    SELECT attrelid::text || attname || attnotnull FROM pg_attribute JOIN pg_class c
        ON c.oid = attrelid
    WHERE relnamespace = to_regnamespace(quote_ident(:schema)) AND attnum > 0
      AND NOT attisdropped AND relkind IN ('r', 'p')
) held
"""
LEAF = """
SELECT relid::regclass::text FROM pg_partition_tree('recordings') WHERE isleaf AND level > 0
ORDER BY relid LIMIT 1
"""
HARD = (
    "vet :data", 'a "quoted" name', "100% {now} %(x)s %%", "it's \\ odd", "$petrec$ -- ;",
    "é" * 31 + "x", "n" * 63,
)  # fmt: skip
CHARACTERS = st.one_of(
    st.sampled_from(":\"'%{}()\\$ .;-_\n"),
    st.characters(codec="utf-8", exclude_characters="\0"),
)


def distinct(names: list[str]) -> Names:
    """Return names of at most 63 bytes of which no two are equal."""
    return tuple(cut(name, LONGEST - 1) + str(number) for number, name in enumerate(names))


NAMES = st.lists(st.text(CHARACTERS, min_size=1, max_size=70), min_size=7, max_size=7).map(distinct)


@pytest.fixture(params=["clinic", "partitioned"])
def made(
    request: pytest.FixtureRequest, database: Callable[..., Database], any_cluster: Cluster
) -> Database:
    return prepared(database(request.param, any_cluster))


@pytest.fixture
def planner(made: Database) -> Iterator[Connection]:
    with connected(made) as connection:
        yield connection


def run(connection: Connection, statement: str) -> None:
    """Run a statement in the transaction, in which nothing can be concurrent."""
    alone = statement.replace("INDEX CONCURRENTLY", "INDEX")
    connection.exec_driver_sql(alone.replace("%", "%%"))


def renamed(connection: Connection, names: Names) -> Mapping:
    """Give the schema, three tables, three columns and a partition these names."""
    schema, recordings, pets, appointments, *columns = map(sql.Identifier, names)
    leaf = connection.scalar(text(LEAF))
    moves = [("TABLE", "recordings", recordings), ("TABLE", "pets", pets)]
    moves += [("TABLE", "appointments", appointments)]
    if leaf is not None:
        # Of the recordings' own name only with another schema; the longest name of a partition.
        moves.append(("TABLE", str(leaf), sql.Identifier(cut(names[1], LONGEST - 1) + "p")))
    for old, new in zip(("pet_id", "appointment_id"), columns, strict=False):
        run(connection, f"ALTER TABLE recordings RENAME {old} TO {new.as_string(None)}")
    for what, old, new in moves:
        run(connection, f"ALTER {what} {old} RENAME TO {new.as_string(None)}")
    run(connection, f"ALTER SCHEMA public RENAME TO {schema.as_string(None)}")
    own = dict(zip(OLD[3:], names[4:], strict=True))
    return Mapping(
        schema=names[0],
        tables=dict(zip(OLD[:3], names[1:4], strict=True)),
        columns={"recordings": own},
    )


def held(connection: Connection, mapping: Mapping) -> Any:
    return connection.scalar(text(HOLDS), {"schema": mapping.schema})


def run_steps(connection: Connection, steps: tuple[Step, ...]) -> None:
    for step in steps:
        needed = step.statement.needed.as_string(None).replace("%", "%%")
        assert connection.exec_driver_sql(needed).all(), f"not needed though planned: {step.sql}"
        run(connection, step.sql)
        assert not connection.exec_driver_sql(needed).all(), f"needed though done: {step.sql}"


def run_phases(connection: Connection, module: dict[str, Any], name: str) -> None:
    """Run what a revision does, but for the transactions of its own."""
    for query, _, statement in module[name]:
        for row in connection.execute(module["_text"](query)).mappings().all():
            run(connection, statement.format(**row))


def applied_and_rolled_back(connection: Connection, mapping: Mapping) -> None:
    wanted = Request(mapping, EVERYTHING, "CASCADE")
    run_steps(connection, wanted.plan(connection).steps)
    assert wanted.status(connection).is_complete
    dropping = Request(mapping, EVERYTHING, "CASCADE", drop_visits=True)
    assert dropping.filled(connection) == {}
    run_steps(connection, dropping.rollback(connection).steps)


def exported_up_and_down(connection: Connection, mapping: Mapping) -> None:
    wanted = Request(mapping, ("indexes", "required", "membership"), "CASCADE")
    modules = []
    for revision in make_revisions(connection, wanted, None, 300):
        module: dict[str, Any] = {}
        exec(compile(revision.text(), revision.file_name, "exec"), module)
        modules.append(module)
    for module in modules:
        counts = [connection.scalar(module["_text"](q)) for q in module["REFUSALS"].values()]
        assert set(counts) <= {0}
        run_phases(connection, module, "UPGRADE")
    assert wanted.status(connection).is_complete
    for module in reversed(modules):
        run_phases(connection, module, "DOWNGRADE")


@pytest.mark.few(1)
@pytest.mark.parametrize("examples", [1, pytest.param(60, marks=pytest.mark.full)])
def test_there_and_back_under_any_names(planner: Connection, examples: int) -> None:
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(names=NAMES)
    @example(names=HARD)
    @example(names=(*HARD[3:], *HARD[:3]))
    def check(names: Names) -> None:
        try:
            mapping = renamed(planner, names)
            before = held(planner, mapping)
            applied_and_rolled_back(planner, mapping)
            assert held(planner, mapping) == before
            exported_up_and_down(planner, mapping)
            assert held(planner, mapping) == before
        finally:
            planner.rollback()

    check()
