"""The plan of a backfill: shown to a person, or recorded for the batches."""

from datetime import UTC, datetime

from sqlalchemy import (
    Connection,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql

from petrec.features.backfill.broken import broken_checks
from petrec.features.backfill.result import BackfillPlan, StrategyCount
from petrec.features.backfill.work import backfill_work
from petrec.features.runs.batches.row_locks import ROW_LOCATION, system_columns
from petrec.features.runs.batches.write import write_query
from petrec.features.runs.foresight import foresee
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.journal.presence import is_readable
from petrec.features.runs.journal.store import create_run, read_run, unfinished_run, update_run
from petrec.features.runs.journal.tables import plan_items
from petrec.features.runs.run import Action, Run, RunState, Target
from petrec.postgres.session_state import path_advice
from petrec.postgres.triggers import SearchingTriggers, searching_functions, update_triggers
from petrec.rules import FINDINGS, Repair, judged
from petrec.rules.census import Census, take_census
from petrec.rules.evidence import STRATEGIES
from petrec.schema import Schema


def preview(
    connection: Connection, schema: Schema, target: Target, limit: int | None = None
) -> BackfillPlan:
    """Count what would change, `limit` recordings at most; reads only."""
    census = take_census(connection, schema)
    readable = is_readable(connection)
    unfinished = unfinished_run(connection, target.name, Action.BACKFILL) if readable else None
    foresight = foresee(connection, schema, target)
    return BackfillPlan(
        table=target.table,
        strategies=tuple(
            StrategyCount(strategy.id, strategy.sentence, census.count(strategy=strategy.id))
            for strategy in STRATEGIES
        ),
        left=count_left(census),
        limit=limit,
        ambiguous=census.count(kind="missing_ambiguous"),
        triggers=update_triggers(connection, schema.tables.recordings),
        locks=_locks(schema),
        statement=_statement(schema, target),
        touch=target.touch,
        obstacles=foresight.obstacles,
        warnings=(*foresight.warnings, *broken_checks(connection, schema)),
        resumes=unfinished.id if unfinished else None,
        searching=_searching(connection, schema),
    )


def _searching(connection: Connection, schema: Schema) -> SearchingTriggers | None:
    advice = path_advice(connection)
    functions = searching_functions(connection, schema.tables.recordings) if advice else ()
    return SearchingTriggers(functions, advice) if functions else None


def count_left(census: Census) -> int:
    """Return how many recordings need a person."""
    return sum(census.count(kind.id) for kind in FINDINGS if kind.repair is Repair.REVIEW)


def write_plan(
    connection: Connection, schema: Schema, target: Target, limit: int | None = None
) -> Run | None:
    """Record run and plan, in the physical order of recordings; None if there is nothing to do.

    `limit` is how many recordings the plan may have, the first ones.
    """
    run_id = create_run(connection, Action.BACKFILL, target)
    # Certain evidence implies it, but the planner cannot see that through the rules' CASE.
    lacking = schema.recordings.c.pet_id.is_(None)
    facts = judged(schema, *system_columns(schema.recordings, ROW_LOCATION), within=lacking)
    place = func.row_number().over(order_by=[facts.recording[name] for name in ROW_LOCATION])
    rows = (
        select(
            literal(run_id),
            place,
            key_of(schema, facts.recording),
            facts.strategy,
            cast(facts.recording.appointment_id, Text),
            cast(facts.certain_pet, Text),
        )
        .select_from(facts.source)
        .where(facts.certain_pet.is_not(None))
        .order_by(place)
        .limit(limit)
    )
    columns = ["run_id", "seq", "row_key", "strategy", "appointment_id", "pet_id"]
    query = insert(plan_items).from_select(columns, rows)
    planned = connection.execute(query.execution_options(preserve_rowcount=True)).rowcount
    if planned == 0:
        return None
    update_run(connection, run_id, {"planned": planned})
    return read_run(connection, target.name, run_id)


def _locks(schema: Schema) -> tuple[str, ...]:
    recordings = f"FOR NO KEY UPDATE on the batch's rows of {schema.tables.recordings.fullname}"
    if schema.links_follow_appointments:
        rows = f"FOR UPDATE on their rows of {schema.tables.appointments.fullname}"
        return (
            f"{recordings}, rows that other sessions hold are deferred",
            f"{rows}, deferred in the same way",
        )
    table = f"SHARE on table {schema.tables.links.fullname}: it has no validated foreign key"
    return (recordings, f"{table} that would tell of a pet being added")


def _statement(schema: Schema, target: Target) -> str:
    """Return the SQL of one batch with its parameters by name."""
    now = datetime.now(UTC)
    run = Run(0, Action.BACKFILL, RunState.RUNNING, target, now, now)
    query = write_query(schema, run, backfill_work(schema).guarded_rows(run))
    return str(query.compile(dialect=postgresql.dialect(paramstyle="named")))  # type: ignore[no-untyped-call]
