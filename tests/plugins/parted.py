"""Recordings in partitions, one of them partitioned itself, leaves in another schema."""

from tests.plugins.clean import clean
from tests.plugins.databases import Database

SUB = """
CREATE SCHEMA elsewhere;
CREATE TABLE public.recordings_old PARTITION OF public.recordings
    FOR VALUES FROM ('1990-01-01') TO ('2000-01-01') PARTITION BY RANGE (created_at);
CREATE TABLE elsewhere."Old leaf" PARTITION OF public.recordings_old
    FOR VALUES FROM ('1990-01-01') TO ('1995-01-01');
CREATE TABLE elsewhere.empty PARTITION OF public.recordings
    FOR VALUES FROM ('1980-01-01') TO ('1985-01-01') PARTITION BY RANGE (created_at);
"""
MISMATCHED = """
DELETE FROM recordings r WHERE NOT EXISTS (
    SELECT FROM appointment_pets p
    WHERE (p.appointment_id, p.pet_id) = (r.appointment_id, r.pet_id))
"""


def prepared(made: Database) -> Database:
    """Make a database fit for every constraint; a partitioned one gets partitions below others."""
    clean(made).execute(MISMATCHED)
    if made.shape == "partitioned":
        made.execute(SUB)
    return made


def leaf(made: Database) -> str:
    """Return a table that holds recordings: of a partitioned one a partition, else itself."""
    return str(made.execute("SELECT min(tableoid::regclass::text) FROM recordings")[0][0])
