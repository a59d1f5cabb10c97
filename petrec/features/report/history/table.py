"""The history in schema `petrec`: the comparison is PostgreSQL's, the findings stream to it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import (
    CTE,
    Connection,
    Engine,
    column,
    func,
    insert,
    literal,
    not_,
    select,
    table,
    text,
    true,
    update,
)

from petrec.features.audit.result import AuditResult
from petrec.features.report.history.compared import (
    Comparison,
    distinct_findings,
    movements,
    present_run,
)
from petrec.features.report.result import PastRun
from petrec.features.runs.journal.tables import history_findings as findings
from petrec.features.runs.journal.tables import history_runs as runs
from petrec.features.runs.targets import target_name
from petrec.fingerprints import Tally
from petrec.postgres.session_state import set_local
from petrec.schema import Schema
from petrec.source import Source

PLACE = f"schema {runs.schema}"
# Readers are not blocked; a second report waits, so that each compares with the one before it.
_LOCK = text("LOCK TABLE petrec.history_runs IN EXCLUSIVE MODE")
_STAGE = text(
    "CREATE TEMPORARY TABLE petrec_history_now (fingerprint text, kind text) ON COMMIT DROP"
)
_ANALYZE = text("ANALYZE pg_temp.petrec_history_now")
_COPY = "COPY pg_temp.petrec_history_now FROM STDIN"

_now = table("petrec_history_now", column("fingerprint"), column("kind"), schema="pg_temp")


@contextmanager
def compared_in_database(
    engine: Engine, source: Source, schema: Schema, audit: AuditResult
) -> Iterator[Comparison]:
    """Compare with the tables, and commit if the block succeeds."""
    with engine.connect() as writer, writer.begin():
        # A commit that waited for a standby would keep the lock, and other reports would wait.
        set_local(writer, {"synchronous_commit": "local"})
        writer.execute(_LOCK)
        target = target_name(schema)
        past = _past(writer, target)
        _stage(writer, source, schema)
        run_id = _add_run(writer, target, audit)
        tally = _move(writer, target, run_id)
        run = present_run(audit, movements(tally), first=not past)
        kept = update(runs).where(runs.c.id == run_id).values(run=msgspec.to_builtins(run))
        writer.execute(kept)
        yield Comparison((*past, run), PLACE)


def _past(writer: Connection, target: str) -> tuple[PastRun, ...]:
    query = select(runs.c.run).where(runs.c.target == target).order_by(runs.c.id)
    return tuple(msgspec.convert(run, PastRun) for run in writer.scalars(query))


def _stage(writer: Connection, source: Source, schema: Schema) -> None:
    writer.execute(_STAGE)
    driver: Any = writer.connection.driver_connection
    with (
        distinct_findings(source, schema) as found,
        driver.cursor() as cursor,
        cursor.copy(_COPY) as copy,
    ):
        for finding in found:
            copy.write_row((finding.digest, finding.kind))
    writer.execute(_ANALYZE)


def _add_run(writer: Connection, target: str, audit: AuditResult) -> int:
    values = {"target": target, "taken_at": audit.taken_at, "run": {}}
    return int(writer.scalars(insert(runs).values(values).returning(runs.c.id)).one())


def _move(writer: Connection, target: str, run_id: int) -> Tally:
    """Write only findings that appear or disappear."""
    known = findings.c.target == target
    here = select(_now).where(_now.c.fingerprint == findings.c.fingerprint).exists()
    gone = update(findings).where(known, findings.c.present, not_(here))
    back = update(findings).where(known, not_(findings.c.present), here)
    tally = Tally()
    tally.fixed = _count(writer, gone.values(present=False, run_id=run_id))
    tally.reappeared = _count(writer, back.values(present=True, run_id=run_id))
    tally.new = _count(writer, _insert_unknown(target, run_id))
    return tally


def _insert_unknown(target: str, run_id: int) -> Any:
    seen = select(findings).where(
        findings.c.target == target, findings.c.fingerprint == _now.c.fingerprint
    )
    rows = select(literal(target), _now.c.fingerprint, _now.c.kind, true(), literal(run_id)).where(
        not_(seen.exists())
    )
    return insert(findings).from_select(
        ["target", "fingerprint", "kind", "present", "run_id"], rows
    )


def _count(writer: Connection, change: Any) -> Counter[str]:
    moved: CTE = change.returning(findings.c.kind).cte("moved")
    query = select(moved.c.kind, func.count()).group_by(moved.c.kind)
    return Counter({row.kind: row[1] for row in writer.execute(query)})
