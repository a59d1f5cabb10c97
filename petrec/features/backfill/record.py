"""The plan of a run, written down for its batches to follow."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Text, cast, func, insert, literal, select

from petrec.features.backfill.selection import ALL, Selection
from petrec.features.runs.batches.row_locks import ROW_LOCATION, system_columns
from petrec.features.runs.batches.shard import shard_of
from petrec.features.runs.journal.keys import key_of
from petrec.features.runs.journal.store import create_run, read_run, update_run
from petrec.features.runs.journal.tables import plan_items
from petrec.features.runs.run import Action, Run, Target
from petrec.rules import Lists, judged
from petrec.rules.facts_sql import JudgedColumns
from petrec.schema import Schema


def write_plan(
    connection: Connection, schema: Schema, target: Target, selection: Selection = ALL
) -> Run | None:
    """Record run and plan, in the physical order of recordings; None if there is nothing to do."""
    run_id = create_run(connection, Action.BACKFILL, target)
    query = plan_query(schema, run_id, selection).execution_options(preserve_rowcount=True)
    planned = connection.execute(query).rowcount
    if planned == 0:
        return None
    update_run(connection, run_id, {"planned": planned})
    return read_run(connection, target.name, run_id)


def plan_query(schema: Schema, run_id: int, selection: Selection) -> Insert:
    """Build the statement that plans the first recordings of a selection."""
    facts, location = certain_rows(schema, selection)
    place = func.row_number().over(order_by=location)
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
        .order_by(*location)
        .limit(selection.limit)
    )
    columns = ["run_id", "seq", "row_key", "strategy", "appointment_id", "pet_id"]
    return insert(plan_items).from_select(columns, rows)


def certain_rows(
    schema: Schema, selection: Selection
) -> tuple[JudgedColumns, list[ColumnElement[Any]]]:
    """Return the recordings that a plan chooses from, and the order in which it takes them."""
    facts = judged(
        schema,
        *system_columns(schema.recordings, ROW_LOCATION),
        lists=Lists.CERTAIN,
        within=selection.lacking(schema),
    )
    location: list[ColumnElement[Any]] = [facts.recording[name] for name in ROW_LOCATION]
    if schema.layout.is_sharded:
        location.insert(0, shard_of(schema, facts.recording.appointment_id))
    return facts, location
