"""The text of a revision: plain Alembic, which needs nothing of petrec."""

from dataclasses import dataclass

from petrec.features.constraints.alembic.phases import Phase
from petrec.features.constraints.alembic.queries import source

_HEAD = '''"""Recordings and their pets: {group}.

Written by petrec from plan {plan}. Each statement runs alone, outside a transaction, and is left
out where the catalog shows that it is done, so a run that was stopped can be repeated. The visits
table and visit_id outlive a downgrade, since dropping them would lose data.

Revision ID: {id}
Revises: {revises}
"""

import random
import time
from contextlib import contextmanager, suppress

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

revision = {id!r}
down_revision = {down!r}
branch_labels = None
depends_on = None

ATTEMPTS = 50
# Settings of the statements, independent of role and database; restored after each. Names
# are looked up where only trusted roles can create functions and operators.
SETTINGS = {{"search_path": {search_path!r}, "statement_timeout": "0", "transaction_timeout": "0"}}
# Rows that a constraint would refuse: constraint, and the query that counts them.
REFUSALS = {refusals}
{shared}# A query whose every row fills the statement and says that it is needed; lock_timeout in
# milliseconds (0: waits, and stops nobody); the statement.
UPGRADE = {forward}
DOWNGRADE = {back}
'''
_BODY = '''

def upgrade():
    """Make what is missing."""
    if not op.get_context().as_sql:
        with _settings():
            for name, query in REFUSALS.items():
                count = op.get_bind().execute(_text(query)).scalar()
                if count:
                    raise RuntimeError(f"{name} would refuse {count} rows; nothing was changed")
    _run(UPGRADE)


def downgrade():
    """Take constraints and indexes away; tables and columns stay."""
    _run(DOWNGRADE)


def _run(phases):
    for query, lock_timeout, sql in phases:
        with op.get_context().autocommit_block():
            if op.get_context().as_sql:
                op.execute(f"SET search_path = {SETTINGS['search_path']}")
                op.execute("SET statement_timeout = 0")
                op.execute(f"SET lock_timeout = {lock_timeout}")
                op.execute(_text(_alone(sql)))
                for name in ("search_path", "statement_timeout", "lock_timeout"):
                    op.execute(f"RESET {name}")
            else:
                with _settings(lock_timeout=f"{lock_timeout}ms"):
                    for row in op.get_bind().execute(_text(query)).mappings().all():
                        _patiently(sql.format(**row))


@contextmanager
def _settings(**more):
    before = {name: _set(name, value) for name, value in (SETTINGS | more).items()}
    try:
        yield
    finally:
        # After an error within a transaction, its end gives them back.
        with suppress(DBAPIError):
            for name, value in before.items():
                _set(name, value)


def _set(name, value):
    """Return what it was; None where this version has no such setting."""
    sql = """SELECT pg_catalog.current_setting(name), pg_catalog.set_config(name, :value, false)
             FROM pg_catalog.pg_settings WHERE name = :name"""
    return op.get_bind().execute(text(sql), {"name": name, "value": value}).scalar()


def _alone(sql):
    try:
        return sql.format()
    except KeyError:
        raise RuntimeError("the partitions are read while it runs: it needs a connection") from None


def _patiently(sql):
    """A strong lock is waited for briefly and often, so that nobody queues behind it for long."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            op.execute(_text(sql))
            return
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
            if state not in {"55P03", "40P01"} or attempt == ATTEMPTS:
                raise
        time.sleep(random.uniform(0, min(3.0, 0.1 * 2 ** min(attempt, 8))))


def _text(sql):
    return text(sql.replace(":", "\\\\:"))
'''


@dataclass(frozen=True)
class Revision:
    """What one revision does, and its place in the tree."""

    id: str
    down: str | None
    group: str
    plan: str
    refusals: dict[str, str]
    forward: list[Phase]
    back: list[Phase]
    search_path: str

    @property
    def file_name(self) -> str:
        """Return the name of its file."""
        return f"{self.id}_petrec_{self.group.replace('-', '_')}.py"

    def text(self) -> str:
        """Return the module's source."""
        named = {phase.query for phase in (*self.forward, *self.back) if phase.of}
        head = _HEAD.format(
            id=self.id,
            revises=self.down or "",
            down=self.down,
            group=self.group,
            plan=self.plan,
            search_path=self.search_path,
            refusals=_entries("{}", [f"{k!r}:\n        {v!r}" for k, v in self.refusals.items()]),
            shared=source(named),
            forward=_entries("[]", [_phase(phase) for phase in self.forward]),
            back=_entries("[]", [_phase(phase) for phase in self.back]),
        )
        return head + _BODY


def _phase(phase: Phase) -> str:
    query = repr(phase.query) if phase.of is None else f"{phase.query} % {phase.of!r}"
    parts = (query, repr(phase.lock_timeout_ms), repr(phase.sql))
    return "(\n" + "".join(f"        {part},\n" for part in parts) + "    )"


def _entries(brackets: str, entries: list[str]) -> str:
    body = "".join(f"    {entry},\n" for entry in entries)
    return f"{brackets[0]}\n{body}{brackets[1]}" if body else brackets
