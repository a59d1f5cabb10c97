"""What a backfill would do, shown to a person."""

from sqlalchemy import Connection

from petrec.features.backfill.broken import foresee_refusals
from petrec.features.backfill.result import BackfillPlan, StrategyCount
from petrec.features.backfill.script import batch_script
from petrec.features.backfill.selection import ALL, Selection
from petrec.features.backfill.unfinished import foresee_unfinished
from petrec.features.runs.foresight import foresee
from petrec.features.runs.run import Target
from petrec.postgres.session_state import path_advice
from petrec.postgres.triggers import SearchingTriggers, searching_functions, update_triggers
from petrec.rules import FINDINGS, Repair
from petrec.rules.census import Census, take_census
from petrec.rules.evidence import STRATEGIES
from petrec.rules.kinds.missing_ambiguous import MISSING_AMBIGUOUS
from petrec.schema import Schema


def preview(
    connection: Connection,
    schema: Schema,
    target: Target,
    selection: Selection = ALL,
    *,
    anew: bool = False,
) -> BackfillPlan:
    """Count what would change of a selection; reads only."""
    census = take_census(connection, schema, selection.condition(schema))
    unfinished = foresee_unfinished(connection, target, anew=anew)
    foresight = foresee(connection, schema, target)
    refusals = foresee_refusals(connection, schema, selection)
    return BackfillPlan(
        table=target.table,
        strategies=tuple(
            StrategyCount(strategy.id, strategy.sentence, census.count(strategy=strategy.id))
            for strategy in STRATEGIES
        ),
        left=count_left(census),
        limit=selection.limit,
        only=selection.only,
        ambiguous=census.count(kind=MISSING_AMBIGUOUS.id),
        triggers=update_triggers(connection, schema.tables.recordings),
        locks=_locks(schema),
        script=_script(connection, schema, target, selection),
        touch=target.touch,
        obstacles=(*unfinished.obstacles, *foresight.obstacles),
        warnings=(*foresight.warnings, *map(str, refusals.checks)),
        refusals=refusals,
        resumes=unfinished.resumes,
        abandons=unfinished.abandons,
        searching=_searching(connection, schema),
    )


def _script(connection: Connection, schema: Schema, target: Target, selection: Selection) -> str:
    """Return one batch for psql; empty where a batch is not one statement with literals."""
    here = schema.layout.is_here
    return batch_script(connection, schema, target, selection) if here else ""


def _searching(connection: Connection, schema: Schema) -> SearchingTriggers | None:
    advice = path_advice(connection)
    functions = searching_functions(connection, schema.tables.recordings) if advice else ()
    return SearchingTriggers(functions, advice) if functions else None


def count_left(census: Census) -> int:
    """Return how many recordings need a person."""
    return sum(census.count(kind.id) for kind in FINDINGS if kind.repair is Repair.REVIEW)


def _locks(schema: Schema) -> tuple[str, ...]:
    recordings = f"FOR NO KEY UPDATE on the batch's rows of {schema.tables.recordings.fullname}"
    if schema.links_follow_appointments:
        rows = f"FOR UPDATE on their rows of {schema.tables.appointments.fullname}"
        return (
            f"{recordings}; locked rows are deferred",
            f"{rows}; locked rows are deferred",
        )
    table = f"SHARE on table {schema.tables.links.fullname}: it has no validated foreign key"
    return (recordings, f"{table} that would tell of a pet being added")
