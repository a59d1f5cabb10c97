"""The tables of `petrec report --record`; a branch of their own in `migrations/`."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from petrec.features.runs.tables import SCHEMA

metadata = MetaData(schema=SCHEMA)

# `target` is the name of the table of recordings, see `targets`: a database may hold several.
history_runs = Table(
    "history_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("target", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("run", JSONB, nullable=False),
    Index("history_runs_target", "target", "id"),
)

# Hashes alone. A row is written only when a finding comes or goes: `run_id` says in which run.
history_findings = Table(
    "history_findings",
    metadata,
    Column("target", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("run_id", BigInteger, nullable=False),
)
