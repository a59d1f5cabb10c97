"""What is erased with recordings, and what stays: the journal and events of another table's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, Text, cast, create_engine, select

from petrec.api.database import Database as Served
from petrec.api.options import utc_now
from petrec.features.outbox.enqueue import event_row, insert_events
from petrec.features.outbox.table import EventType
from petrec.features.retention.journal import count_journal, erase_journal, keeps_events
from petrec.features.runs.journal.install import install_journal
from petrec.features.runs.targets import target_name
from petrec.schema import Schema
from petrec.settings import Mapping
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.waiting import until

# As an older version wrote it, without its target.
EVENT = """
INSERT INTO petrec.outbox (event_id, webhook, type, body)
VALUES (gen_random_uuid(), 'w', 'recording.uploaded', '{{"data":{{"recording_id":"rec-{id}"}}}}')
"""
RUN = """
INSERT INTO petrec.runs (action, state, undoes, target, planned, role, host, pid, version)
VALUES ('{action}', '{state}', {undoes}, '{{"table":"{table}","name":"{name}"}}', {planned},
        'r', 'h', 1, '1') RETURNING id
"""
OTHER = """
CREATE SCHEMA other;
SELECT format('CREATE TABLE other.%1$I (LIKE public.%1$I INCLUDING INDEXES);'
              'INSERT INTO other.%1$I SELECT * FROM public.%1$I', tablename)
FROM pg_tables WHERE schemaname = 'public'
"""
ITEM = """
INSERT INTO petrec.plan_items (run_id, seq, row_key, strategy, pet_id)
VALUES ({run}, {seq}, ARRAY['{id}'], 'single_pet', '1')
"""
CHANGE = """
INSERT INTO petrec.changes (run_id, seq, row_key, strategy, old, new, batch)
VALUES ({run}, {seq}, ARRAY['{id}'], 'single_pet', '{{}}', '{{}}', 1)
"""
SKIP = """
INSERT INTO petrec.skips (run_id, seq, row_key, reason) VALUES ({run}, {seq}, ARRAY['{id}'], 'r')
"""
HELD_UP = """
SELECT count(*) > 0 FROM pg_locks WHERE relation = 'petrec.outbox'::regclass AND NOT granted
"""
BATCH = "SET LOCAL lock_timeout = '1s'; UPDATE petrec.runs SET changed = changed + 1"
LEFT = "SELECT planned FROM petrec.runs ORDER BY id"


def opened(made: Database) -> Engine:
    engine = create_engine(made.dsn.replace("postgresql:", "postgresql+psycopg:"))
    for branch in ("journal", "outbox"):
        install_journal(engine, branch)
    return engine


def started(made: Database, schema: str = "public", **more: object) -> int:
    """Write a run to the journal, and return its number."""
    quoted = rf"\"{schema}\".\"recordings\""
    given = {"action": "backfill", "state": "stopped", "undoes": "NULL", "planned": 0, **more}
    [(run,)] = made.execute(RUN.format(table=f"{schema}.recordings", name=quoted, **given))
    return int(run)


@pytest.mark.parametrize(("shape", "stays"), [("clinic", False), ("integer_ids", True)])
def test_an_event_without_a_target_may_be_of_another_table(
    database: MakeDatabase, shape: str, stays: bool
) -> None:
    made = database(shape)
    engine = opened(made)
    schema = Served(engine).schema(Mapping())
    [(known,)] = made.execute("SELECT id::text FROM recordings ORDER BY id LIMIT 1")
    for name, kept in (("public", False), ("other", stays)):
        made.execute(EVENT.format(id=known))
        started(made, name)
        with engine.begin() as connection:
            assert keeps_events(connection, schema) == kept
            assert erase_journal(connection, schema, [known]) == (not kept)
        assert made.execute("SELECT count(*) FROM petrec.outbox") == [(int(kept),)]
    engine.dispose()


@pytest.fixture
def both(database: MakeDatabase) -> Iterator[tuple[Database, Engine, list[Schema]]]:
    """Two tables of recordings of one name, with the same integer ids, and a run of each."""
    made = database("integer_ids")
    engine = opened(made)
    create, copy = OTHER.split(";", 1)
    made.execute(create)
    for (statement,) in made.execute(copy):
        made.execute(statement)
    yield made, engine, [Served(engine).schema(Mapping(schema=n)) for n in ("public", "other")]
    engine.dispose()


def test_a_table_of_the_same_name_and_ids_loses_nothing(
    both: tuple[Database, Engine, list[Schema]],
) -> None:
    made, engine, (mine, other) = both
    [(known,), (second,)] = made.execute("SELECT id::text FROM recordings ORDER BY id LIMIT 2")
    for schema, name in ((mine, "public"), (other, "other")):
        run = started(made, name, planned=2)
        for row in (ITEM, CHANGE, SKIP):
            for seq, one in enumerate((known, second)):
                made.execute(row.format(run=run, seq=seq, id=one))
        told = ({"recording_id": f"rec-{one}"} for one in (known, second))
        target = target_name(schema)
        with engine.begin() as connection:
            event = (("a", "b"), EventType.UPLOADED, utc_now(), target)
            insert_events(connection, [event_row(*event, data) for data in told])
    id_ = mine.tables.recordings.c.id
    with engine.begin() as connection:
        assert not keeps_events(connection, mine)
        assert count_journal(connection, mine, select(cast(id_, Text)).where(id_ == known)) == 3
        assert erase_journal(connection, mine, [known]) == 3 + 2
    kept = "SELECT target, (body::json->'data'->>'recording_id'), count(*) FROM petrec.outbox"
    assert sorted(made.execute(f"{kept} GROUP BY 1, 2")) == [
        (target_name(other), f"rec-{known}", 2), (target_name(other), f"rec-{second}", 2),
        (target_name(mine), f"rec-{second}", 2),
    ]  # fmt: skip
    for table in ("plan_items", "changes", "skips"):
        found = made.execute(f"SELECT run_id, row_key[1] FROM petrec.{table} ORDER BY 1, 2")
        assert found == [(1, second), (2, known), (2, second)], table


def test_an_outbox_of_an_older_version_is_erased_from(database: MakeDatabase) -> None:
    made = database("clinic")
    engine = opened(made)
    schema = Served(engine).schema(Mapping())
    made.execute("ALTER TABLE petrec.outbox DROP COLUMN target")
    [(known,)] = made.execute("SELECT id::text FROM recordings LIMIT 1")
    made.execute(EVENT.format(id=known))
    with engine.begin() as connection:
        assert not keeps_events(connection, schema)
        assert erase_journal(connection, schema, [known]) == 1
    engine.dispose()


def test_a_run_records_its_batches_while_an_erasure_reads_the_journal(
    database: MakeDatabase,
) -> None:
    made = database("clinic")
    engine = opened(made)
    schema = Served(engine).schema(Mapping())
    [(known,)] = made.execute("SELECT id::text FROM recordings LIMIT 1")
    running = [started(made, state="running", planned=2) for _ in range(2)]
    for run in running:
        made.execute(ITEM.format(run=run, seq=1, id=known))

    def erase() -> None:
        with engine.begin() as connection:
            erase_journal(connection, schema, [known])

    with ThreadPoolExecutor() as pool, made.connect(autocommit=False) as other:
        # The erasure waits for this after all other rows.
        other.execute("LOCK TABLE petrec.outbox IN SHARE MODE")
        erasing = pool.submit(erase)
        until(lambda: made.execute(HELD_UP) == [(True,)])
        made.execute(BATCH)
        other.rollback()
        erasing.result()
    assert made.execute("SELECT planned, changed FROM petrec.runs") == [(1, 1)] * 2
    engine.dispose()


def test_what_runs_still_have_to_do_becomes_less(database: MakeDatabase) -> None:
    made = database("clinic")
    engine = opened(made)
    schema = Served(engine).schema(Mapping())
    ids = [row for (row,) in made.execute("SELECT id::text FROM recordings ORDER BY id LIMIT 4")]
    states = ("stopped", "running", "done")
    runs = [started(made, state=state, planned=4) for state in states]
    undo = started(made, action="undo", undoes=runs[2], planned=4)
    for run in runs:
        for seq, one in enumerate(ids):
            made.execute(ITEM.format(run=run, seq=seq, id=one))
    for seq, one in enumerate(ids):
        made.execute(CHANGE.format(run=runs[2], seq=seq, id=one))
    # One is changed, one is skipped; of the undo as well.
    for run in (runs[0], undo):
        made.execute(CHANGE.format(run=run, seq=0, id=ids[0]))
        made.execute(SKIP.format(run=run, seq=1, id=ids[1]))
    with engine.begin() as connection:
        erase_journal(connection, schema, ids[:3])
    assert [planned for (planned,) in made.execute(LEFT)] == [3, 1, 4, 3]
    engine.dispose()
