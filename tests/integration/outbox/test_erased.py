"""Events of erased recordings: they go, unless a recording of another table may have the id."""

import pytest
from sqlalchemy import create_engine

from petrec.api.database import Database as Served
from petrec.features.retention.erase import erase_journal, keeps_events
from petrec.features.runs.journal.install import install_journal
from petrec.settings import Mapping
from tests.plugins.databases import MakeDatabase

EVENT = """
INSERT INTO petrec.outbox (event_id, webhook, type, body)
VALUES (gen_random_uuid(), 'w', 'recording.uploaded', '{{"data":{{"recording_id":"rec-{id}"}}}}')
"""
RUN = """
INSERT INTO petrec.runs (action, state, target, role, host, pid, version)
VALUES ('backfill', 'completed', '{{"table":"{table}","name":"{name}"}}', 'r', 'h', 1, '1')
"""


@pytest.mark.parametrize(("shape", "stays"), [("clinic", False), ("integer_ids", True)])
def test_an_event_of_another_table_stays(database: MakeDatabase, shape: str, stays: bool) -> None:
    made = database(shape)
    engine = create_engine(made.dsn.replace("postgresql:", "postgresql+psycopg:"))
    for branch in ("journal", "outbox"):
        install_journal(engine, branch)
    schema = Served(engine).schema(Mapping())
    [(known,)] = made.execute("SELECT id::text FROM recordings ORDER BY id LIMIT 1")
    for table, name, kept in (
        ("public.recordings", r"\"public\".\"recordings\"", False),
        ("other.recordings", r"\"other\".\"recordings\"", stays),
    ):
        made.execute(EVENT.format(id=known))
        made.execute(RUN.format(table=table, name=name))
        with engine.begin() as connection:
            assert keeps_events(connection, schema) == kept
            assert erase_journal(connection, schema, [known]) == (not kept)
        assert made.execute("SELECT count(*) FROM petrec.outbox") == [(int(kept),)]
    engine.dispose()
