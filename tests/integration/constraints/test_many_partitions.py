"""Many partitions: what a statement costs does not grow, and what others change is seen.

Each change of another session is made while a statement on a partition is about to run, and is
about a partition whose statements come later.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from petrec.errors import StuckError, UsageError
from petrec.features.constraints.apply import Listener, apply_plan, apply_rollback
from petrec.features.constraints.plan import Request
from petrec.features.constraints.result import ConstraintsResult
from petrec.operations.connect import connect
from petrec.postgres.ddl.run import LockPolicy
from petrec.settings import Mapping
from tests.plugins.clean import digest
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted_tables import TABLES

COLD = "CREATE SCHEMA cold;"
LEAF = "CREATE TABLE cold.r{n} PARTITION OF recordings FOR VALUES FROM ({n}0) TO ({next}0);"
DEEP = """
CREATE TABLE deep PARTITION OF recordings FOR VALUES FROM (-20) TO (0) PARTITION BY RANGE (id);
CREATE TABLE cold.deep_a PARTITION OF deep FOR VALUES FROM (-20) TO (-10);
CREATE TABLE cold.deep_b PARTITION OF deep FOR VALUES FROM (-10) TO (0);
"""
NO_KEYS = """
CREATE FUNCTION drop_keys() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE child regclass;
BEGIN
    FOR child IN SELECT conrelid FROM pg_constraint
        WHERE conname = 'fk_recordings_pet_id' AND conparentid = 0
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT fk_recordings_pet_id', child);
    END LOOP;
END $$;
CREATE EVENT TRIGGER no_keys ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION drop_keys();
"""
INDEXES = Request(Mapping(), ("indexes",), "CASCADE")
ALL = Request(Mapping(), ("indexes", "required"), "CASCADE")
AT = "ON cold.r0 (pet_id)"
# What another session does, and what must be there in the end.
MEANWHILE = {
    "CREATE INDEX by_hand ON cold.r2 (pet_id)": "to_regclass('cold.idx_r2_pet_id') IS NULL",
    "CREATE TABLE late PARTITION OF recordings FOR VALUES FROM (500) TO (510)": (
        "EXISTS (SELECT FROM pg_indexes WHERE tablename = 'late' AND indexname LIKE '%pet_id%')"
    ),
    "ALTER TABLE recordings DETACH PARTITION cold.r2": (
        "NOT EXISTS (SELECT FROM pg_indexes WHERE tablename = 'r2' AND indexname LIKE 'idx%')"
    ),
    "DROP TABLE cold.r2": "to_regclass('cold.r2') IS NULL",
    "ALTER TABLE cold.r2 RENAME TO other": "to_regclass('cold.idx_other_pet_id') IS NOT NULL",
    "ALTER TABLE cold.r2 SET SCHEMA public": "to_regclass('idx_r2_pet_id') IS NOT NULL",
    "DROP INDEX idx_recordings_pet_id": "to_regclass('idx_recordings_pet_id') IS NOT NULL",
}


@pytest.fixture
def parted(database: MakeDatabase, any_cluster: Cluster) -> Callable[[int], Database]:
    def make(partitions: int) -> Database:
        leaves = "".join(LEAF.format(n=n, next=n + 1) for n in range(partitions))
        made = database("empty", any_cluster)
        made.execute(TABLES + COLD + leaves + DEEP)
        return made

    return make


@contextmanager
def engine_of(made: Database) -> Iterator[Engine]:
    url = made.dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def apply(engine: Engine, wanted: Request, meanwhile: Callable[[str], None]) -> tuple[str, ...]:
    """Return what was executed; `meanwhile` gets each statement before it runs."""
    ended = apply_plan(engine, wanted, LockPolicy(), Listener(meanwhile))
    assert isinstance(ended, ConstraintsResult)
    assert ended.status.is_complete
    return ended.executed


def counted(made: Database) -> tuple[Counter[str], int]:
    """Apply everything; return the catalog queries by their texts, and how many statements ran."""
    queries: Counter[str] = Counter()

    def count(_: Any, __: Any, sql: str, *___: Any) -> None:
        if sql.lstrip().startswith(("SELECT", "WITH")) and "pg_" in sql:
            queries[sql] += 1

    with engine_of(made) as engine:
        event.listen(engine, "before_cursor_execute", count)
        return queries, len(apply(engine, ALL, lambda _: None))


def test_what_is_read_for_each_statement_is_planned_once(
    parted: Callable[[int], Database],
) -> None:
    prepared: list[list[tuple[str, int]]] = []
    query = "SELECT name, custom_plans FROM pg_prepared_statements ORDER BY prepare_time"

    def look(_: Any, cursor: Any, sql: str, *___: Any) -> None:
        if " ATTACH PARTITION " in sql:
            prepared.append(cursor.connection.execute(query, prepare=False).fetchall())

    engine = connect(parted(4).dsn).engine
    event.listen(engine, "before_cursor_execute", look)
    apply(engine, INDEXES, lambda _: None)
    assert len(prepared) > 10
    first, last = prepared[len(prepared) // 2], prepared[-1]
    assert first
    assert last[: len(first)] == first, "an ALTER has taken what was prepared before it"
    assert not any(custom for _, custom in last)


def test_a_statement_costs_the_same_among_few_and_many(
    parted: Callable[[int], Database],
) -> None:
    few, statements = counted(parted(2))
    many, more_statements = counted(parted(5))
    grown = {sql for sql in many if many[sql] != few[sql]}
    whole = [sql for sql in many if "pg_partition_tree" in sql]
    assert whole
    assert not grown.intersection(whole), "the whole catalog is read once a statement on a table"
    added = more_statements - statements
    for sql in grown:
        assert many[sql] - few[sql] <= added, sql
    assert (many.total() - few.total()) / added <= 12


@pytest.mark.few(2)
@pytest.mark.parametrize("change", MEANWHILE)
def test_what_others_change_meanwhile_is_seen(
    parted: Callable[[int], Database], change: str
) -> None:
    made, changes = parted(3), [change]

    def meanwhile(sentence: str) -> None:
        if AT in sentence and changes:
            made.execute(changes.pop())

    with engine_of(made) as engine:
        apply(engine, INDEXES, meanwhile)
    assert not changes
    assert made.execute(f"SELECT 1 WHERE {MEANWHILE[change]}") == [(1,)]
    assert made.execute("SELECT FROM pg_index WHERE NOT indisvalid") == []


def test_a_name_taken_meanwhile_is_told_before_the_statement(
    parted: Callable[[int], Database],
) -> None:
    made = parted(3)

    def meanwhile(sentence: str) -> None:
        if AT in sentence:
            made.execute("CREATE TABLE cold.idx_r2_pet_id ()")

    with engine_of(made) as engine, pytest.raises(UsageError, match="r2, idx_r2_pet_id"):
        apply(engine, INDEXES, meanwhile)


def test_a_statement_without_effect_ends_the_run(parted: Callable[[int], Database]) -> None:
    made = parted(2)
    made.execute(NO_KEYS)
    with engine_of(made) as engine, pytest.raises(StuckError, match="fk_recordings_pet_id"):
        apply(engine, ALL, lambda _: None)


def test_back_from_every_loose_partition(parted: Callable[[int], Database]) -> None:
    made = parted(3)
    before = digest(made)
    with engine_of(made) as engine:
        with engine.connect() as connection:
            steps = ALL.plan(connection).steps
        for step in steps:
            if "ATTACH" not in step.sql:
                made.execute(step.sql)
        limits, listener = LockPolicy(), Listener(lambda _: None)
        apply_rollback(engine, ALL, limits, listener)
    assert digest(made) == before
