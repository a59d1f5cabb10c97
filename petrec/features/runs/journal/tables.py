"""petrec's own tables as the code sees them; `migrations/` creates them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

SCHEMA = "petrec"
metadata = MetaData(schema=SCHEMA)

_ZERO = text("0")
_NOW = text("now()")
_Moment = DateTime(timezone=True)

runs = Table(
    "runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("undoes", BigInteger, ForeignKey("petrec.runs.id")),
    Column("target", JSONB, nullable=False),
    Column("pass", Integer, server_default=text("1"), nullable=False),
    Column("cursor", BigInteger, server_default=_ZERO, nullable=False),
    Column("planned", BigInteger, server_default=_ZERO, nullable=False),
    Column("changed", BigInteger, server_default=_ZERO, nullable=False),
    Column("skipped", BigInteger, server_default=_ZERO, nullable=False),
    Column("deferred", BigInteger, server_default=_ZERO, nullable=False),
    Column("batches", Integer, server_default=_ZERO, nullable=False),
    Column("batch_size", Integer, server_default=_ZERO, nullable=False),
    Column("batch_ms", Double, server_default=_ZERO, nullable=False),
    Column("busy_ms", Double, server_default=_ZERO, nullable=False),
    Column("throttled_by", Text),
    Column("failure", Text),
    Column("started_at", _Moment, server_default=_NOW, nullable=False),
    Column("updated_at", _Moment, server_default=_NOW, nullable=False),
    Column("finished_at", _Moment),
    Column("role", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
)

# No foreign key to runs: its trigger would fire once per recording changed.
# `seq` numbers a run's rows in their physical order; `row_key` holds the recording's primary key
# as text, its id first, so that one journal serves uuid, text and integer keys alike. In `changes`
# it is the key after the change, and `old_key` the one before, where the change was of the key.
plan_items = Table(
    "plan_items",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("row_key", ARRAY(Text), nullable=False),
    Column("strategy", Text, nullable=False),
    Column("appointment_id", Text),
    Column("pet_id", Text, nullable=False),
)
changes = Table(
    "changes",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("row_key", ARRAY(Text), nullable=False),
    Column("strategy", Text, nullable=False),
    Column("old", JSONB, nullable=False),
    Column("new", JSONB, nullable=False),
    Column("old_key", ARRAY(Text)),
    Column("batch", Integer, nullable=False),
    Column("changed_at", _Moment, server_default=_NOW, nullable=False),
    Index("changes_old_key", "old_key", postgresql_where=text("old_key IS NOT NULL")),
)
skips = Table(
    "skips",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("row_key", ARRAY(Text), nullable=False),
    Column("cause", Text, server_default=text("'overtaken'"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("skipped_at", _Moment, server_default=_NOW, nullable=False),
)
# Decisions of people; `source` names file, sheet and line.
decisions = Table(
    "decisions",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("row_key", ARRAY(Text), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("pet_id", Text),
    Column("appointment_id", Text),
    Column("reviewer", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("decided_at", _Moment, server_default=_NOW, nullable=False),
    Index("decisions_row_key", "row_key"),
)
# Values that a run writes to rows that still hold what is `expected`; `author` is who decided.
edits = Table(
    "edits",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("row_key", ARRAY(Text), nullable=False),
    Column("reason", Text, nullable=False),
    Column("expected", JSONB, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("author", Text),
)
# The pets that changes needed in appointments: `added` by the run, `present` already, `removed`.
link_changes = Table(
    "links",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("appointment_id", Text, nullable=False),
    Column("pet_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("changed_at", _Moment, server_default=_NOW, nullable=False),
)

# The tables of recorded reports are a branch of their own in `migrations/`.
history_metadata = MetaData(schema=SCHEMA)

# `target` is the name of the table of recordings, see `targets`: a database may hold several.
history_runs = Table(
    "history_runs",
    history_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("target", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("run", JSONB, nullable=False),
    Index("history_runs_target", "target", "id"),
)

# Only hashes. A row is written only when a finding appears or disappears, in the run `run_id`.
history_findings = Table(
    "history_findings",
    history_metadata,
    Column("target", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("run_id", BigInteger, nullable=False),
)

# Alembic keeps this one: the last revision of each branch that has any.
revisions = Table("alembic_version", MetaData(schema=SCHEMA), Column("version_num", Text))
